"""`make backfill FROM=… TO=…`: the training DAG for days of the past. Shows what would run, and asks before it starts it.

Each day sees what had landed by that day. The production model stays as it is unless `--promote` is given. The runs are made in Airflow's
database; the scheduler of `make airflow` works through them, one after the other.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import date
from typing import Annotated

import typer

from bank_marketing.cli.shared import console, problems
from bank_marketing.components.context import parse_as_of
from bank_marketing.errors import BankMarketingError, ConfigError

DAG_ID = "bank_marketing_training"

#: The scheduler of an Airflow on SQLite writes every few seconds: seconds between tries, and their number.
PAUSE, TRIES = 2, 15

#: More at once wait for each other: a Spark job has all cores of a small machine (pool `spark`).
MAX_ACTIVE_RUNS = "1"


def main(
    first: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--to", help="Last day, YYYY-MM-DD.")],
    promote: Annotated[bool, typer.Option("--promote", help="The runs may move the production stage.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Also days that have a finished run already.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Start without asking.")] = False,
) -> None:
    """Show the dry run of a backfill, and create it when it is wanted."""
    try:
        days = _days(first, last)
    except BankMarketingError as error:
        problems.print(f"[bold red]{type(error).__name__}[/]: {error}", highlight=False, soft_wrap=True)
        raise typer.Exit(2) from error
    conf = {"promote": "yes" if promote else "no", "reason": f"backfill of {days[0]} to {days[1]}"}
    command = [
        "backfill", "create", "--dag-id", DAG_ID, "--from-date", f"{days[0]}T00:00:00+00:00", "--to-date", f"{days[1]}T00:00:00+00:00",
        "--dag-run-conf", json.dumps(conf), "--max-active-runs", MAX_ACTIVE_RUNS,
        "--reprocess-behavior", "completed" if again else "none",
    ]  # fmt: skip
    _airflow("dags", "reserialize")  # what the scheduler knows of the DAG, on a machine where it never ran
    console.print(_airflow(*command, "--dry-run"), highlight=False, markup=False)
    console.print("production: " + ("a better model is promoted" if promote else "stays as it is"), highlight=False)
    if not yes and not _wanted():
        console.print("Nothing was started. Start it with YES=1.", highlight=False)
        return
    _airflow(*command)
    console.print(f"Created. The scheduler of `make airflow` runs it; {DAG_ID} must not be paused.", highlight=False)


def _days(first: str, last: str) -> tuple[date, date]:
    days = parse_as_of(first), parse_as_of(last)
    if days[0] > days[1]:
        raise ConfigError(f"FROM={days[0]} is after TO={days[1]}: exchange them")
    return days


def _wanted() -> bool:
    return sys.stdin.isatty() and typer.confirm("Start it?")


def _airflow(*arguments: str) -> str:
    """What the command prints; ends with its words when it fails."""
    for attempt in range(TRIES):
        done = subprocess.run([sys.executable, "-m", "airflow", *arguments], capture_output=True, text=True, check=False)
        if not done.returncode or "database is locked" not in (done.stdout + done.stderr).lower():
            break
        time.sleep(PAUSE if attempt < TRIES - 1 else 0)
    if done.returncode:
        problems.print((done.stdout + done.stderr).strip()[-3000:], highlight=False, markup=False)
        raise typer.Exit(1)
    return done.stdout.strip()


if __name__ == "__main__":
    typer.run(main)
