"""The command line: `bank-marketing …`. Each command imports what it needs when it runs."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Annotated, Any, ParamSpec, TypeVar

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bank_marketing.errors import BankMarketingError

app = typer.Typer(
    help="Predict which bank customers will subscribe to a term deposit, and keep doing so.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # locals may hold client data
)
console = Console()
problems = Console(stderr=True)

P = ParamSpec("P")
R = TypeVar("R")

AsOf = Annotated[str, typer.Option(help="Day whose data are used, YYYY-MM-DD; the last landed day when empty.")]


def command(function: Callable[P, R]) -> Callable[P, R]:
    """Register a command whose own errors end in one paragraph and exit code 1, not in a traceback."""

    @app.command(name=function.__name__.replace("_", "-"))
    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except BankMarketingError as error:
            problems.print(f"[bold red]{type(error).__name__}[/]: {error}", highlight=False, soft_wrap=True)
            raise typer.Exit(1) from error

    return wrapped


@app.callback()
def main(verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show each step's log lines.")] = False) -> None:
    """Set up logging for all commands."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(message)s",
        handlers=[RichHandler(console=problems, show_path=False, show_time=False)],
    )
    logging.getLogger("py4j").setLevel(logging.WARNING)


@command
def land(
    synthetic: Annotated[bool, typer.Option(help="Land the synthetic campaign although the archive may be at hand.")] = False,
    scale: Annotated[int, typer.Option(min=1, help="Rows a day of the synthetic campaign, times the real ones.")] = 1,
    replace: Annotated[bool, typer.Option(help="Empty a landing zone that holds another campaign.")] = False,
    until: Annotated[str, typer.Option(help="Land no day after this one, YYYY-MM-DD.")] = "",
) -> None:
    """Land the campaign's daily files: the UCI archive where it can be had, else the labelled synthetic campaign."""
    from bank_marketing.components.context import parse_as_of
    from bank_marketing.landing.commands import CAMPAIGN_DAYS, land
    from bank_marketing.settings import Settings

    settings = Settings()
    with _progress() as progress:
        task = progress.add_task("landing", total=CAMPAIGN_DAYS)
        summary = land(
            settings,
            synthetic=synthetic,
            scale=scale,
            replace=replace,
            until=parse_as_of(until) if until else None,
            progress=lambda day: progress.advance(task),
        )
    console.print(
        f"{summary.source.label}: {summary.days} days, {summary.rows:,} contacts up to {summary.last_day} in {settings.landing} "
        f"({summary.written} days new)",
        highlight=False,
    )


@command
def train(
    as_of: AsOf = "",
    promote: Annotated[bool, typer.Option(help="Let the verdict move the registry's stages.")] = True,
    reason: Annotated[str, typer.Option(help="Why, for the promotion record.")] = "",
) -> None:
    """Run the training pipeline without Airflow: the same components, artifacts and digests as the DAG."""
    from bank_marketing.components.context import RunContext
    from bank_marketing.components.promotion import PromotionConfig
    from bank_marketing.pipeline import STEPS, run_training
    from bank_marketing.reporting import report
    from bank_marketing.settings import Settings

    settings = Settings()
    run_id = f"pipeline__{datetime.now(UTC):%Y%m%dT%H%M%S}"
    context = RunContext("run_pipeline", run_id, _day(as_of), settings)
    with _progress() as progress:
        task = progress.add_task(STEPS[0], total=len(STEPS))

        def done(step: str, seconds: float) -> None:
            progress.print(f"[green]✓[/] {step:<16} {seconds:6.1f} s")
            following = STEPS.index(step) + 1
            progress.update(task, advance=1, description=STEPS[following] if following < len(STEPS) else "done")

        who = f"{_user()} (run_pipeline)"
        made = run_training(context, PromotionConfig(promote=promote, who=who, reason=reason), on_step=done)
    found = report.load(made.refs["notify_success"], context)
    console.print(
        f"\n[bold]{found.mail_subject.partition('] ')[2]}[/]\nReport: {found.report_uri}", highlight=False, soft_wrap=True
    )


@command
def models() -> None:
    """List the registered model versions and their stages."""
    table = Table("version", "stage", "as of", "learned through", "threshold", "registered", "model digest")
    for version in _registry().versions():
        tags = version.tags
        table.add_row(
            str(version.version),
            version.stage,
            tags.get("as_of", ""),
            tags.get("trained_through", ""),
            tags.get("threshold", ""),
            f"{version.created_at:%Y-%m-%d %H:%M}",
            version.digest[:12],
        )
    console.print(table)


@command
def history() -> None:
    """Show who promoted, rejected or rolled back which model, when and why."""
    from bank_marketing.artifacts import open_store
    from bank_marketing.registry import records
    from bank_marketing.settings import Settings

    table = Table("when", "who", "what", "version", "production", "why")
    for record in records.history(open_store(Settings())):
        moved = f"{record.from_version or 'none'} → {record.to_version or 'none'}"
        why = " ".join(record.reasons)
        table.add_row(f"{record.at:%Y-%m-%d %H:%M}", record.who, record.action, str(record.version), moved, why)
    console.print(table)


@command
def rollback(
    to: Annotated[int, typer.Option(help="Version to put back into production.")],
    reason: Annotated[str, typer.Option(help="Why, for the record.")],
) -> None:
    """Put an earlier model version back into production, on record."""
    record = _registry().rollback(to, reason=reason, who=_user())
    console.print(f"version {record.to_version} is in production again (was {record.from_version}); recorded")


@command
def contract() -> None:
    """Print the data contract as a Markdown table."""
    from bank_marketing.contract import load_contract
    from bank_marketing.contract.docs import contract_table

    sys.stdout.write(contract_table(load_contract()))


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description:<16}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


def _day(as_of: str) -> Any:
    from bank_marketing.components.context import parse_as_of
    from bank_marketing.errors import InvalidAsOf
    from bank_marketing.landing.zone import LandingZone
    from bank_marketing.settings import Settings

    if as_of:
        return parse_as_of(as_of)
    root = Settings().landing
    last = LandingZone(root).last_day
    if last is None:
        raise InvalidAsOf(f"nothing has landed in {root}: run `bank-marketing land` first")
    return last


def _registry() -> Any:
    from bank_marketing.artifacts import open_store
    from bank_marketing.registry.registry import Registry
    from bank_marketing.settings import Settings

    settings = Settings()
    return Registry(settings, open_store(settings))


def _user() -> str:
    import getpass

    return getpass.getuser()
