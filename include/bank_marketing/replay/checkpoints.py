"""Checkpoints of a replay: one folder a period, complete or absent, so that a stopped replay goes on where it was."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from bank_marketing.artifacts.digests import file_digests
from bank_marketing.errors import ArtifactCorrupt
from bank_marketing.modeling.model import TermDepositModel
from bank_marketing.monitoring.decision import WindowVerdict
from bank_marketing.replay.platform import Deployed, Event, Platform, ReplayConfig

if TYPE_CHECKING:
    from bank_marketing.replay.engine import Period, State

_PERIOD, _STATE, _FILES = "period.json", "state.json", "files.json"


class Checkpoints:
    """The periods of one replay below one folder; the folder's name says which data and configuration they belong to."""

    def __init__(self, folder: Path) -> None:
        """Look at the folder; nothing is read yet."""
        self.folder = folder

    def holds(self, period: str) -> bool:
        """Whether a period was lived to its end."""
        return (self.folder / period).is_dir()

    def clear(self) -> None:
        """Forget all periods."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self, period: Period, state: State) -> None:
        """Keep a period and the state after it, in one step."""
        staging = self.folder / f".{period.name}"
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        period.predictions.to_parquet(staging / "predictions.parquet", index=False)
        told = {"events": [event.model_dump() for event in period.events], "monitored": list(period.monitored)}
        (staging / _PERIOD).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        platform = state.platform
        memory = {
            "versions": platform.versions,
            "windows": [window.model_dump(mode="json") for window in platform.windows],
            "last_retraining": platform.last_retraining.isoformat() if platform.last_retraining else None,
            "production": _describe(platform.production),
        }
        (staging / _STATE).write_text(json.dumps(memory, indent=1) + "\n", encoding="utf-8")
        state.made.to_parquet(staging / "made.parquet", index=False)
        if platform.production is not None:
            platform.production.reference.to_parquet(staging / "reference.parquet", index=False)
        models = {
            "production": platform.production.model if platform.production else None,
            "first": state.first,
            "refitted": state.refitted,
        }
        for name, model in models.items():
            if model is not None:
                (staging / name).mkdir()
                model.save(staging / name)
        (staging / _FILES).write_text(json.dumps(file_digests(staging), indent=1) + "\n", encoding="utf-8")
        staging.rename(self.folder / period.name)

    def _checked(self, name: str) -> Path:
        """The folder of a period, when it holds what was kept. Raises ArtifactCorrupt."""
        folder = self.folder / name
        kept = json.loads((folder / _FILES).read_text(encoding="utf-8")) if (folder / _FILES).is_file() else {}
        found = {f".{place}": digest for place, digest in file_digests(folder).items() if place != f"{name}/{_FILES}"}
        altered = sorted(place for place in kept | found if kept.get(place) != found.get(place))
        if altered:
            raise ArtifactCorrupt(
                f"the checkpoint {folder} was altered ({', '.join(altered)}): run the same command with --fresh to replay from the start"
            )
        return folder

    def period(self, name: str) -> Period:
        """A period as it was lived. Raises ArtifactCorrupt."""
        from bank_marketing.replay.engine import Period

        folder = self._checked(name)
        told = json.loads((folder / _PERIOD).read_text(encoding="utf-8"))
        events = tuple(Event.model_validate(event) for event in told["events"])
        predictions = pd.read_parquet(folder / "predictions.parquet")
        return Period(name, predictions, events, tuple(told["monitored"]))

    def state(self, name: str, config: ReplayConfig) -> State:
        """The state after a period. Raises ArtifactCorrupt."""
        from bank_marketing.replay.engine import State

        folder = self._checked(name)
        memory = json.loads((folder / _STATE).read_text(encoding="utf-8"))
        models = {
            part: TermDepositModel.load(folder / part) if (folder / part).is_dir() else None
            for part in ("production", "first", "refitted")
        }
        production = None
        if models["production"] is not None:
            reference = pd.read_parquet(folder / "reference.parquet")
            production = Deployed(model=models["production"], reference=reference, **memory["production"])
        platform = Platform(
            config,
            production,
            memory["versions"],
            [WindowVerdict.model_validate(window) for window in memory["windows"]],
            date.fromisoformat(memory["last_retraining"]) if memory["last_retraining"] else None,
        )
        return State(platform, models["first"], models["refitted"], pd.read_parquet(folder / "made.parquet"))


def _describe(deployed: Deployed | None) -> dict[str, object] | None:
    if deployed is None:
        return None
    return {name: getattr(deployed, name) for name in ("version", "evaluated", "trailing_threshold")}
