"""The command that replays the campaign."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.table import Table

from bank_marketing.cli.shared import command, console, day_or_last, progress_bar

if TYPE_CHECKING:
    from bank_marketing.replay.report import ReplayResult
    from bank_marketing.settings import Settings


#: Figures shown in the terminal: key, heading. The page shows all.
TERMINAL = {
    "f1": "F1",
    "roc_auc": "ROC",
    "roc_auc_within": "within",
    "pr_auc": "PR",
    "lift_at_10": "lift",
    "called": "calls",
    "profit": "profit",
}


@command
def replay(
    start: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD; the first landed day when empty.")] = "",
    end: Annotated[str, typer.Option("--to", help="Last day, YYYY-MM-DD; the last landed day when empty.")] = "",
    every: Annotated[str, typer.Option(help="month, week or day: the period of the figures and of the checkpoints.")] = "month",
    output: Annotated[
        Path | None, typer.Option(help="Folder that gets a copy of the page, the picture and the figures.")
    ] = None,
    fresh: Annotated[bool, typer.Option(help="Live all periods again, also those that an earlier replay finished.")] = False,
) -> None:
    """Replay the campaign as the platform would have lived it, and compare it with what the bank could have done instead."""
    from bank_marketing.components.context import parse_as_of
    from bank_marketing.errors import ConfigError
    from bank_marketing.replay import run
    from bank_marketing.settings import Settings

    if every not in ("month", "week", "day"):
        raise ConfigError(f"--every {every} is not known: choose month, week or day")
    settings = Settings()
    land_when_empty(settings)
    last = day_or_last(end)
    first = parse_as_of(start) if start else None
    if first is not None and first > last:
        raise ConfigError(f"--from {first} lies after --to {last}: give the first day first")
    with progress_bar() as progress:
        task = progress.add_task("preparing", total=None)

        def on_step(step: str, days: int | None = None) -> None:
            progress.update(task, description=step)
            if days:
                progress.update(task, total=days, completed=0)

        def on_day(day: str) -> None:
            progress.update(task, description=f"evening {day[2:]}", advance=1)

        made = run.run(settings, first, last, every, fresh=fresh, on_step=on_step, on_day=on_day)
    _show(made.result)
    console.print(f"\nPage: {made.uri}/replay.html", highlight=False, soft_wrap=True)
    if output is not None:
        made.copy_to(output)
        console.print(f"Copied to {output}", highlight=False, soft_wrap=True)


def land_when_empty(settings: Settings) -> None:
    """Land the campaign when nothing has landed, so that the command works on a fresh clone."""
    from bank_marketing.landing.commands import land
    from bank_marketing.landing.zone import LandingZone

    if LandingZone(settings.landing).last_day is not None:
        return
    with progress_bar() as progress:
        task = progress.add_task("landing", total=None)
        landed = land(settings, progress=lambda done, days: progress.update(task, completed=done, total=days))
    console.print(f"Landed {landed.days} days, {landed.rows:,} contacts: {landed.source.label}", highlight=False)


def _show(result: ReplayResult) -> None:
    """The pooled figures as tables, narrow enough for a terminal."""
    for name, rows in result.pooled():
        table = Table("", *TERMINAL.values(), title=f"{'SYNTHETIC, ' if result.synthetic else ''}{name}", box=box.SIMPLE)
        for row in rows:
            cells = [row["cells"][key] for key in TERMINAL]
            table.add_row(row["policy"].short, *cells, style="bold" if row["policy"].key == "platform" else "")
        console.print(table)
