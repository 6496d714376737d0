"""Commands about the campaign's data: land it, and the contract it keeps."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bank_marketing.cli.shared import command, console, progress_bar

if TYPE_CHECKING:
    from bank_marketing.settings import Settings


@command
def land(
    synthetic: Annotated[bool, typer.Option(help="Land the synthetic campaign although the archive may be at hand.")] = False,
    scale: Annotated[int, typer.Option(min=1, help="Rows a day of the synthetic campaign, times the real ones.")] = 1,
    replace: Annotated[bool, typer.Option(help="Empty a landing zone that holds another campaign.")] = False,
    until: Annotated[str, typer.Option(help="Land no day after this one, YYYY-MM-DD.")] = "",
    campaign: Annotated[str, typer.Option(help="The campaign.", show_default="BANK_CAMPAIGN")] = "",
    export: Annotated[
        Path | None, typer.Option("--from", help="Land the rows of this export, as export.yaml reads it.")
    ] = None,
) -> None:
    """Land the campaign's daily files: its published archive where it can be had, else the labelled synthetic one; or an export."""
    from bank_marketing.components.context import parse_as_of
    from bank_marketing.landing.commands import land
    from bank_marketing.settings import Settings

    settings = Settings().for_campaign(campaign) if campaign else Settings()
    if export is not None:
        _land_export(export, settings)
        return
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


def _land_export(export: Path, settings: Settings) -> None:
    from bank_marketing.campaign import open_campaign
    from bank_marketing.landing.export import land_export, load_export_format

    campaign = open_campaign(settings)
    form = load_export_format(campaign.folder)
    with progress_bar() as progress:
        task = progress.add_task("landing rows", total=None)
        landed = land_export(
            export,
            form,
            campaign.contract,
            settings.landing,
            today=campaign.calendar.today(),
            on_rows=lambda rows: progress.update(task, completed=rows),
        )
    console.print(
        f"{export.name}: {landed.read:,} rows = {landed.new:,} new, {landed.changed:,} changed, {landed.known:,} known, "
        f"{landed.twice:,} twice in the file, {landed.rows_aside:,} aside; {len(landed.days)} days in {settings.landing}",
        highlight=False,
        soft_wrap=True,
    )
    for reason, count in landed.aside.most_common():
        console.print(f"  [yellow]![/] {count:,} rows are kept in {settings.landing / 'aside'}: {reason}", highlight=False)
    if landed.twice:
        console.print("  [yellow]![/] of an identifier that comes twice on a day, the last row has landed", highlight=False)


@command
def contract(
    form: Annotated[
        str, typer.Option("--format", help="markdown, or odcs: the Open Data Contract Standard, as YAML.")
    ] = "markdown",
) -> None:
    """Print the data contract: as a Markdown table, or in the Open Data Contract Standard."""
    from bank_marketing.campaign import open_campaign
    from bank_marketing.contract.docs import contract_table
    from bank_marketing.contract.odcs import odcs
    from bank_marketing.errors import ConfigError
    from bank_marketing.settings import Settings

    campaign = open_campaign(Settings())
    if form == "odcs":
        sys.stdout.write(odcs(campaign.contract, campaign.name, campaign.presentation.title))
    elif form == "markdown":
        sys.stdout.write(contract_table(campaign.contract))
    else:
        raise ConfigError(f"--format {form} is not known: choose markdown or odcs")
