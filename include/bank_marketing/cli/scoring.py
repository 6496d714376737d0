"""Commands that score clients: the coming call list, or a file of one's own."""

from __future__ import annotations

import csv
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer
from rich import box
from rich.table import Table

from bank_marketing.cli.shared import command, console, day_of, problems, progress_bar, user_name

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from bank_marketing.components.context import RunContext
    from bank_marketing.scoring.call_list import CallListArtifact

#: Rows of a list shown in the terminal.
SHOWN = 5

#: Columns of such a row: name in the file, heading.
COLUMNS = {"rank": "rank", "contact_id": "contact", "probability": "p", "expected_profit": "profit", "reason_1": "first reason"}

Evening = Annotated[
    str, typer.Option(help="Evening before the calls, YYYY-MM-DD; when empty, the newest one that has a list to score.")
]

Size = Annotated[
    int, typer.Option(min=0, help="Clients on that day's whole list, when the file is a part of one; 0: those of the file.")
]


@command
def call_list(
    as_of: Evening = "",
    file: Annotated[str, typer.Option(help="Name of a list in the landing zone's inbox, instead of the landed one.")] = "",
    list_size: Size = 0,
) -> None:
    """Run the nightly scoring without Airflow: the same steps, artifacts and digests as the DAG."""
    from bank_marketing.settings import Settings

    settings = Settings()
    context = _context("run_scoring", day_of(as_of, settings) if as_of else _newest_evening(settings), settings)
    made = _run(context, {"file": file, "list_size": list_size})
    _show(made, context, made.understood)


@command
def score(
    customers: Annotated[Path, typer.Argument(help="List of clients: CSV, .xlsx or .csv.gz", show_default=False)],
    output: Annotated[Path, typer.Option(help="File that gets the scored clients, best first.")] = Path("scored.csv"),
    day: Annotated[
        str, typer.Option(help="Day of the calls, YYYY-MM-DD; the next working day after the evening when empty.")
    ] = "",
    as_of: Annotated[
        str, typer.Option(help="Evening whose knowledge is used, YYYY-MM-DD; the newest one known when empty.")
    ] = "",
    list_size: Size = 0,
) -> None:
    """Score a file of clients as the nightly run would: one row a client, with decision, rank, reasons and its own columns.

    Rows that cannot be scored go to OUTPUT's name with `.rejected` before its ending, each with its reason; corrected, they can be
    sent again as they are.
    """
    from bank_marketing.artifacts import open_store
    from bank_marketing.errors import ConfigError
    from bank_marketing.lists import results
    from bank_marketing.lists.receiving import receive
    from bank_marketing.scoring import prospects, returned
    from bank_marketing.scoring.state import latest_campaign_state
    from bank_marketing.settings import Settings

    settings = Settings()
    evening = day_of(as_of, settings) if as_of else latest_campaign_state(open_store(settings)).last_contact_day
    context = _context("score_file", evening, settings)
    calls = _date(day) if day else context.campaign.calendar.next_working_day(evening)
    if not customers.is_file():
        raise ConfigError(f"there is no file {customers}")
    read = prospects.read_customers(customers, calls, prospects.state_for(calls, context), context)
    name = receive(customers, settings.landing, context.contract)
    made = _run(context, {"file": name, "day": calls.isoformat(), "list_size": list_size})
    with _written(output) as stream:
        returned.write_result(stream, read, made.ref, context)
    _show(made, context, read.notes)
    console.print(f"Scored clients: {output}", highlight=False, soft_wrap=True)
    rejected = output.with_name(f"{output.stem}.rejected{output.suffix}")
    rejected.unlink(missing_ok=True)  # of an earlier file
    if len(read.left_out):
        with _written(rejected) as stream:
            results.write_left_out(stream, read, made.list_size)
        problems.print(
            f"[yellow]{len(read.left_out)} rows are not scored[/]: see why in {rejected}", highlight=False, soft_wrap=True
        )


def _context(name: str, evening: date, settings: Any) -> RunContext:
    from bank_marketing.components.context import RunContext

    return RunContext(name, f"{name}__{datetime.now(UTC):%Y%m%dT%H%M%S%f}", evening, settings)


def _date(text: str) -> date:
    """A day that may lie in the future. Raises InvalidAsOf."""
    from bank_marketing.components.context import parse_as_of

    return parse_as_of(text, today=date.max)


def _newest_evening(settings: Any) -> date:
    """The last evening whose outcomes are known and whose following list has landed.

    Raises:
        ArtifactMissing: no features were published.
        LandedFileMissing: there is no list at all.
    """
    from bank_marketing.artifacts import open_store
    from bank_marketing.landing.zone import LandingZone
    from bank_marketing.scoring.state import latest_campaign_state

    zone = LandingZone(settings.landing)
    known = latest_campaign_state(open_store(settings)).last_contact_day
    return zone.evening_before_a_list(known)


def _run(context: RunContext, options: dict[str, Any]) -> CallListArtifact:
    """Run the pipeline with a bar that also moves within the Spark steps."""
    from bank_marketing.pipelines import run_steps
    from bank_marketing.pipelines.scoring import STEPS
    from bank_marketing.scoring import call_list as published

    names = list(STEPS)
    with progress_bar() as progress:
        task = progress.add_task(names[0], total=len(names))

        def done(step: str, seconds: float) -> None:
            progress.print(f"[green]✓[/] {step:<18} {seconds:6.1f} s")
            following = names.index(step) + 1
            progress.update(task, completed=following, description=names[following] if following < len(names) else "done")

        with _spark_tasks(progress):
            made = run_steps(STEPS, context, options | {"who": user_name()}, on_step=done)
    return published.load(made.refs["publish_call_list"], context)


@contextmanager
def _spark_tasks(progress: Progress) -> Iterator[None]:
    """A second bar with the tasks of the Spark stage that runs, when it has more than one."""
    import pyspark  # noqa: F401  where there is none (the service's image), this ends before any work

    over = threading.Event()
    bar: TaskID = progress.add_task("  Spark tasks", total=None, visible=False)

    def watch() -> None:
        while not over.wait(0.3):
            stage = _running_stage()
            if stage is None or stage.numTasks < 2:
                progress.update(bar, visible=False)
            else:
                progress.update(bar, visible=True, total=stage.numTasks, completed=stage.numCompletedTasks)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join(timeout=2)


def _running_stage() -> Any:
    """The newest stage at work in this process's Spark, None when there is none."""
    from pyspark import SparkContext

    running = SparkContext._active_spark_context
    if running is None:
        return None
    try:
        tracker = running.statusTracker()
        stages = tracker.getActiveStageIds()
        return tracker.getStageInfo(max(stages)) if stages else None
    except Exception:  # a picture of the work must never stop it
        return None


def _show(made: CallListArtifact, context: RunContext, understood: Sequence[str]) -> None:
    """The list in short: how many, by which model, how it was read, its first rows, where it lies."""
    from bank_marketing.scoring.call_list import CALL_LIST_CSV

    rows, said = made.rows, context.campaign.presentation
    console.print(
        f"\n[bold]{said.number(rows['called'])} of {said.number(rows['rows'])} prospects of {said.day(made.day)} to be called[/], "
        f"expected profit {said.money(made.expected_profit)}, by model version {made.model_version}",
        highlight=False,
        soft_wrap=True,
    )
    if made.hindsight:
        told = "This model has learned that day's own outcomes: the list is made again, it is no forecast."
        console.print(told, highlight=False, soft_wrap=True)
    for sentence in understood:
        console.print(sentence, highlight=False, soft_wrap=True, markup=False)
    counts = f"{made.rows['rows']:,} scored, {made.rows['rejected']:,} that cannot be, {made.rows['duplicates']:,} of clients named again"
    console.print(f"Rows: {counts}. Scored as a list of {made.list_size:,} clients.", highlight=False, soft_wrap=True)
    uri = f"{made.ref.uri}/{CALL_LIST_CSV}"
    table = Table(*COLUMNS.values(), box=box.SIMPLE)
    with context.store.local_copy(uri) as path, path.open(encoding="utf-8", newline="") as stream:
        for row in islice(csv.DictReader(stream, delimiter=";"), SHOWN):
            p, profit = f"{float(row['probability']):.3f}", f"{float(row['expected_profit']):.2f}"
            table.add_row(row["rank"], row["contact_id"], p, profit, row["reason_1"])
    if table.row_count:
        console.print(table)
    console.print(f"Call list: {uri}", highlight=False, soft_wrap=True)


@contextmanager
def _written(path: Path) -> Iterator[TextIO]:
    """A text file that is never seen half-written. Raises ConfigError."""
    from bank_marketing.errors import ConfigError

    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8", newline="") as stream:
            yield stream
        temporary.replace(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)
