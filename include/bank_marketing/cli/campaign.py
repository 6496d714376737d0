"""Commands about the campaign's data: land it, and the contract it keeps."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from bank_marketing.cli.shared import command, console, progress_bar


@command
def land(
    synthetic: Annotated[bool, typer.Option(help="Land the synthetic campaign although the archive may be at hand.")] = False,
    scale: Annotated[int, typer.Option(min=1, help="Rows a day of the synthetic campaign, times the real ones.")] = 1,
    replace: Annotated[bool, typer.Option(help="Empty a landing zone that holds another campaign.")] = False,
    until: Annotated[str, typer.Option(help="Land no day after this one, YYYY-MM-DD.")] = "",
) -> None:
    """Land the campaign's daily files: the UCI archive where it can be had, else the labelled synthetic campaign."""
    from bank_marketing.components.context import parse_as_of
    from bank_marketing.landing.commands import land
    from bank_marketing.settings import Settings

    settings = Settings()
    with progress_bar() as progress:
        task = progress.add_task("landing", total=None)
        summary = land(
            settings,
            synthetic=synthetic,
            scale=scale,
            replace=replace,
            until=parse_as_of(until) if until else None,
            progress=lambda done, days: progress.update(task, completed=done, total=days),
        )
    console.print(
        f"{summary.source.label}: {summary.days} days, {summary.rows:,} contacts up to {summary.last_day} in {settings.landing} "
        f"({summary.written} days new)",
        highlight=False,
    )


@command
def contract() -> None:
    """Print the data contract as a Markdown table."""
    from bank_marketing.campaign import open_campaign
    from bank_marketing.contract.docs import contract_table
    from bank_marketing.settings import Settings

    sys.stdout.write(contract_table(open_campaign(Settings()).contract))
