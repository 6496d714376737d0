"""`make backfill DAG=… FROM=… TO=…`: a DAG for days of the past. Shows what would run, and asks before it starts it.

A day is the run's `as_of`, both ends included; it sees what had landed by then. Days without contacts are left out, and for scoring those
that no call list follows. The production model stays as it is unless `--promote` is given. The runs are made in Airflow's database; the
scheduler of `make airflow` works through them, one after the other.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Annotated, Any

import typer

from bank_marketing.cli.shared import console, failing_well, problems
from bank_marketing.components.context import parse_as_of
from bank_marketing.errors import ConfigError
from bank_marketing.landing.zone import LandingZone
from bank_marketing.settings import Settings

#: What people call a DAG -> what its id ends with.
PURPOSES = {"training": "training", "scoring": "batch_scoring", "monitoring": "drift_retraining"}

#: The scheduler of an Airflow on SQLite writes every few seconds: seconds between tries, and their number.
PAUSE, TRIES = 2, 15

EXAMPLE = "make backfill DAG=training FROM=2010-06-01 TO=2010-06-14"


@failing_well
def main(
    dag: Annotated[str, typer.Option(help="training, scoring or monitoring.")] = "training",
    first: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")] = "",
    last: Annotated[str, typer.Option("--to", help="Last day, YYYY-MM-DD; it is run as well.")] = "",
    promote: Annotated[bool, typer.Option("--promote", help="The trainings may move the production stage.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Also days that have a finished run already.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Start without asking.")] = False,
) -> None:
    """Show the dry run of a backfill, and create it when it is wanted."""
    asked = _dag_id(dag), _days(first, last)
    if promote and dag != "training":
        raise ConfigError(f"PROMOTE belongs to DAG=training: {dag} promotes no model. Leave it out")
    days = _days_with_data(dag, *asked[1])
    from scripts import backfill_runs  # imports Airflow, which takes seconds

    reserialize()  # what the scheduler knows of the DAGs, on a machine where it never ran
    request = backfill_runs.Request(asked[0], days, _conf(dag, promote, days), again)
    plan = backfill_runs.plan(request)
    if plan.done:
        _say(f"{len(plan.done)} day(s) have a run already{'' if again else ' (AGAIN=1 runs finished ones again)'}.")
    if not plan.days:
        _say("Nothing to do.")
        return
    _say(f"{len(plan.days)} run(s) of {request.dag_id}, one at a time, beside what its schedule runs:")
    _show(plan.days)
    if dag == "training":
        _say("production: " + ("a better model is promoted" if promote else "stays as it is"))
    if not yes and not _wanted():
        _say("Nothing was started. Start it with YES=1.")
        return
    backfill_runs.create(request)
    paused = f" {request.dag_id} is paused: switch it on in the UI, or nothing runs." if plan.paused else ""
    _say(f"Created. The scheduler of `make airflow` runs it.{paused}")


def _dag_id(dag: str) -> str:
    if dag not in PURPOSES:
        raise ConfigError(f"DAG={dag} is none of {', '.join(PURPOSES)}, as in: {EXAMPLE}")
    return f"{Settings().campaign_name}_{PURPOSES[dag]}"


def _days(first: str, last: str) -> tuple[date, date]:
    missing = " and ".join(name for name, value in (("FROM", first), ("TO", last)) if not value)
    if missing:
        raise ConfigError(f"{missing} must name a day, as in: {EXAMPLE}")
    days = parse_as_of(first), parse_as_of(last)
    if days[0] > days[1]:
        raise ConfigError(f"FROM={days[0]} is after TO={days[1]}: exchange them")
    return days


def _days_with_data(dag: str, first: date, last: date) -> list[date]:
    """The days of the range on which contacts landed; for scoring, those that a call list follows."""
    settings = Settings()
    zone = LandingZone(settings.landing)
    landed = zone.contact_dates
    if not landed:
        raise ConfigError(f"nothing has landed in {settings.landing}: run `bank-marketing land` first")
    end = last if dag != "scoring" else min(last, zone.evening_before_a_list(last))
    days = [day for day in landed if first <= day <= end]
    if not days:
        raise ConfigError(
            f"no contacts have landed on a day from {first} to {last}{' that a call list follows' if dag == 'scoring' else ''}: the "
            f"landed days are {landed[0]} to {landed[-1]}"
        )
    if first < landed[0]:
        _say(f"Nothing has landed before {landed[0]}: the backfill begins there.")
    return days


def _conf(dag: str, promote: bool, days: Sequence[date]) -> dict[str, Any]:
    if dag != "training":
        return {}
    return {"promote": "yes" if promote else "no", "reason": f"backfill of {days[0]} to {days[-1]}"}


def _show(days: Sequence[date]) -> None:
    """One line a month."""
    for month, those in groupby(days, key=lambda day: f"{day:%Y-%m}"):
        _say(f"  {month}: {' '.join(f'{day:%d}' for day in those)}")


def _wanted() -> bool:
    return sys.stdin.isatty() and typer.confirm("Start it?")


def _say(words: str) -> None:
    console.print(words, highlight=False, markup=False, soft_wrap=True)


def reserialize() -> None:
    """Write the DAGs of the project into Airflow's database; ends with Airflow's words when it fails."""
    for attempt in range(TRIES):
        command = [sys.executable, "-m", "airflow", "dags", "reserialize"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not done.returncode or "database is locked" not in (done.stdout + done.stderr).lower():
            break
        time.sleep(PAUSE if attempt < TRIES - 1 else 0)
    if done.returncode:
        problems.print((done.stdout + done.stderr).strip()[-3000:], highlight=False, markup=False)
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
