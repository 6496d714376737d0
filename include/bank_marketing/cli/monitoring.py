"""The command that measures the monitoring: false alarms where nothing changed, delays where something did."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.table import Table

from bank_marketing.cli.shared import AsOf, command, console, day_or_last, progress_bar

if TYPE_CHECKING:
    import pandas as pd

    from bank_marketing.campaign.presentation import Presentation


@command
def measure_monitoring(
    as_of: AsOf = "",
    permutations: Annotated[
        int, typer.Option(min=1, max=1000, help="Random orders of each stable period, for each way of making them.")
    ] = 10,
    seed: Annotated[int, typer.Option(help="Of the random orders.")] = 7,
    output: Annotated[Path | None, typer.Option(help="Folder for evenings.csv, chance.csv and delays.csv.")] = None,
) -> None:
    """Measure the monitoring: how often it calls for a training when nothing changed, and how long it takes when something did.

    Stable periods and known changes are the campaign's: `history` in its params.yaml.
    """
    from bank_marketing.campaign import open_campaign
    from bank_marketing.cli.replay import land_when_empty
    from bank_marketing.errors import ConfigError, NotEnoughHistory
    from bank_marketing.modeling.results import load_results
    from bank_marketing.replay import alarms
    from bank_marketing.replay.platform import ReplayConfig
    from bank_marketing.replay.table import features_context, features_of, read_features
    from bank_marketing.settings import Settings

    settings = Settings()
    campaign = open_campaign(settings)
    past = campaign.params.history
    if not past.stable_periods or not past.changes:
        raise ConfigError(
            f"the campaign {campaign.name} names no stable periods and no changes of its past: write them into its params.yaml, "
            "`history: {stable_periods: [{name, first, last}], changes: [{name, day}]}` (docs/monitoring.md)"
        )
    land_when_empty(settings)
    last = day_or_last(as_of)
    context = features_context(settings, last)
    choice = load_results(context.campaign.results_file, context.contract).winner.choice
    config = ReplayConfig.of(context, choice)
    with progress_bar() as progress:
        task = progress.add_task("preparing", total=None)
        table = read_features(features_of(context, lambda step: progress.update(task, description=step)), context)
        progress.update(task, description="changes", total=len(past.changes))
        delays = alarms.delays(table, config, past.changes, on_change=lambda name: progress.advance(task))
        progress.update(task, description="permuted periods", total=2 * permutations * len(past.stable_periods), completed=0)
        evenings = alarms.false_alarms(
            table, config, past.stable_periods, permutations, seed, on_permutation=lambda name: progress.advance(task)
        )
    if evenings.empty:
        raise NotEnoughHistory(f"up to {last} none of the stable periods of the campaign has landed: nothing to measure")
    chance = alarms.chance(evenings)
    _show_alarms(alarms.summary(evenings), campaign.presentation)
    _show_chance(chance)
    _show_delays(delays)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        evenings.round(6).to_csv(output / "evenings.csv", index=False)
        chance.round(6).to_csv(output / "chance.csv", index_label="column")
        delays.to_csv(output / "delays.csv", index=False)
        console.print(f"Written to {output}", highlight=False, soft_wrap=True)


def _show_alarms(summary: pd.DataFrame, said: Presentation) -> None:
    table = Table("", "moved", "permutations", "evenings", "drift", "decay", "trainings", "a year",
                  title="False alarms: evenings that violate, and trainings", box=box.SIMPLE)  # fmt: skip
    for row in summary.to_dict("records"):
        table.add_row(
            row["period"], row["moved"], f"{row['permutations']}", f"{row['evenings']:,}", said.percent(row["drift"]),
            said.percent(row["performance"]), f"{row['retrainings']:.0f}", f"{row['per_year']:.1f}",
        )  # fmt: skip
    console.print(table)


def _show_chance(chance: pd.DataFrame) -> None:
    table = Table("", "median", "99 %", "largest", title="Distances by chance, as shares of the threshold", box=box.SIMPLE)
    for name, row in chance.iterrows():
        table.add_row(str(name), *(f"{row[key]:.2f}" for key in ("median", "p99", "largest")))
    console.print(table)


def _show_delays(delays: pd.DataFrame) -> None:
    names = {"clients": "clients", "rates": "rates", "performance": "outcomes", "retraining": "training"}
    title = "After real changes: contact day that fires (0: it did before)"
    table = Table("", "since", *names.values(), "contacts", title=title, box=box.SIMPLE)
    for row in delays.astype(object).where(delays.notna(), None).to_dict("records"):
        told = ["never" if row[name] is None else f"{row[name]:.0f}" for name in (*names, "contacts")]
        table.add_row(row["change"], row["since"], *told)
    console.print(table)
