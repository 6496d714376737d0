"""Commands that make a campaign of a bank's own export."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bank_marketing.cli.shared import app, console, failing_well, progress_bar

if TYPE_CHECKING:
    from bank_marketing.onboarding.guesses import Guess

campaigns = typer.Typer(help="Make a campaign of a bank's own export, and check one.", no_args_is_help=True)
app.add_typer(campaigns, name="campaign")


@campaigns.callback()
def main() -> None:
    """Make a campaign of a bank's own export."""


@campaigns.command()
@failing_well
def new(
    name: Annotated[str, typer.Argument(help="Name of the campaign: small letters, digits and _.")],
    export: Annotated[Path, typer.Option("--from", help="The export: CSV of past calls, one row a call, with their outcomes.")],
    outcome: Annotated[str, typer.Option(help="COLUMN=VALUE: the outcome, and what stands for success.")] = "",
    date: Annotated[str, typer.Option(help="Column with the day of the call.")] = "",
    identifier: Annotated[
        list[str] | None, typer.Option("--id", help="Column that identifies a contact; may be repeated.")
    ] = None,
    after_call: Annotated[
        list[str] | None, typer.Option(help="Column that is known only after the call; may be repeated.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Where the campaign's folder is made.", show_default="include/campaigns")
    ] = None,
    replace: Annotated[bool, typer.Option(help="Write over the files of a campaign that is there.")] = False,
) -> None:
    """Draft a campaign's folder from an export, and say what was guessed and what to look at."""
    from bank_marketing.onboarding.create import create_campaign
    from bank_marketing.onboarding.roles import Answers

    answers = Answers(outcome, date, tuple(identifier or ()), tuple(after_call or ()))
    with progress_bar() as progress:
        task = progress.add_task("looking at rows", total=None)
        created = create_campaign(
            name,
            export,
            answers,
            _ask if sys.stdin.isatty() else _refuse,
            folder=folder,
            replace=replace,
            on_rows=lambda rows: progress.update(task, completed=rows),
        )
    console.print(
        f"[bold]{created.folder}[/]: {created.rows:,} rows of {created.days:,} days, {created.first} to {created.last}"
    )
    for note in created.notes:
        mark = "[yellow]![/]" if note.startswith("LOOK AT") else "-"
        console.print(f"  {mark} {note}", highlight=False, soft_wrap=True)
    console.print("\nNext", style="bold")
    console.print(
        f"  look at {created.folder}/contract.yaml and features.yaml: titles, categories, what must not be read",
        highlight=False,
    )
    console.print(f"  bank-marketing campaign check {name} --from {export}", highlight=False, soft_wrap=True)
    console.print(f"  make run CAMPAIGN={name} FROM={export}", highlight=False, soft_wrap=True)
    console.print(f"  make score CAMPAIGN={name}", highlight=False)


@campaigns.command()
@failing_well
def check(
    name: Annotated[str, typer.Argument(help="Name of a campaign, or a path to its folder.")],
    export: Annotated[
        Path | None, typer.Option("--from", help="An export whose first row is followed to its features.")
    ] = None,
) -> None:
    """Check a campaign's files as a whole, and follow one client to the numbers that a model reads."""
    from bank_marketing.onboarding.check import check_campaign

    checked = check_campaign(name, export)
    console.print(f"[bold]{checked.title}[/]: its files fit together. One client", highlight=False)
    width = max(len(column) for column, _, _ in checked.columns)
    for column, cell, use in checked.columns:
        console.print(f"  {column:<{width}}  {cell:<16}  {use}", highlight=False, markup=False, soft_wrap=True)
    console.print("as numbers, where 10 of 100 earlier calls succeeded in each window", highlight=False)
    width = max(map(len, checked.numbers))
    for number, value in checked.numbers.items():
        console.print(f"  {number:<{width}}  {value:10.4g}", highlight=False, markup=False)
    for note in checked.notes:
        console.print(f"- {note}", highlight=False, soft_wrap=True)


def _ask(role: str, found: list[Guess]) -> str:
    for guess in found:
        console.print(f"  {guess.column}{'=' + guess.value if 'outcome' in role else ''}: {guess.why}", highlight=False)
    best = found[0]
    default = f"{best.column}={best.value}" if "outcome" in role else best.column
    answer: str = typer.prompt(f"Which is the {role}?", default=default)
    return answer


def _refuse(role: str, found: list[Guess]) -> str:
    from bank_marketing.errors import ConfigError

    listed = "; ".join(f"{guess.column} ({guess.why})" for guess in found[:4])
    raise ConfigError(f"it is not clear which column is the {role}: {listed}. Name it with that option")
