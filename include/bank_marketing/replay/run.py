"""One replay from landed files to its published page."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

from bank_marketing.artifacts.manifest import digest_of
from bank_marketing.components.context import RunContext
from bank_marketing.errors import NotEnoughHistory
from bank_marketing.modeling.results import load_results
from bank_marketing.replay import report
from bank_marketing.replay.checkpoints import Checkpoints
from bank_marketing.replay.engine import Every, periods, replay
from bank_marketing.replay.platform import ReplayConfig
from bank_marketing.replay.table import LIVES, code_digest, features_context, features_of, read_features
from bank_marketing.settings import Settings

COMPONENT = "replay"
KIND = "replay"


@dataclass(frozen=True)
class MadeReplay:
    """A published replay."""

    result: report.ReplayResult
    uri: str
    context: RunContext

    def copy_to(self, folder: Path) -> None:
        """Copy page, picture and figures into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        with self.context.store.local_copy(self.uri) as made:
            for name in (report.PAGE, report.PICTURE, report.CSV, report.JSON, report.DECISIONS):
                shutil.copy(made / name, folder / name)


def run(
    settings: Settings,
    first: date | None,
    last: date,
    every: str,
    *,
    fresh: bool = False,
    on_step: Callable[..., None] = lambda step, days=None: None,
    on_day: Callable[[str], None] = lambda day: None,
) -> MadeReplay:
    """Replay from `first` (the first landed day when None) to `last`, and publish the result.

    Periods that an earlier replay of the same data, configuration and code finished are not lived again, unless `fresh`.

    Raises:
        NotEnoughHistory: nothing landed in that stretch, or no model went into production in it.
        ConfigError: a column that the choice in results.json reads is gone.
    """
    context = features_context(settings, last)
    choice = load_results(context.campaign.results_file, context.contract).winner.choice
    config = ReplayConfig.of(context, choice)
    features = features_of(context, on_step)
    table = read_features(features, context)
    plan = periods(table, first or date.min, last, cast(Every, every))
    key = digest_of(
        [features.digest, context.contract.digest, config.model_dump(mode="json"), every, plan, code_digest(*LIVES)]
    )
    checkpoints = Checkpoints(settings.cache / "replay" / key[:24])
    if fresh:
        checkpoints.clear()
    on_step("replaying", sum(map(len, plan.values())))
    lived = list(replay(table, config, plan, checkpoints, on_day))
    synthetic = bool(context.store.manifest(features).details.get("synthetic"))
    try:
        found = report.result(lived, config, every, synthetic=synthetic)
    except ValueError as error:
        raise NotEnoughHistory(str(error)) from error
    days = [day for group in plan.values() for day in group]
    published = RunContext("replay", f"{days[0]}-by-{every}", last, settings)
    on_step("drawing")
    with published.stage() as stage:
        report.write(found, config, stage.path)
        parameters: dict[str, Any] = {"from": days[0], "to": days[-1], "every": every, "config": config.model_dump(mode="json")}
        manifest = published.publish(
            stage,
            COMPONENT,
            KIND,
            parents=[features],
            rows={"scored": len(found.predictions)},
            parameters=parameters,
            volatile=lambda path: path in (report.PAGE, report.PICTURE),
        )
    return MadeReplay(found, manifest.uri, published)
