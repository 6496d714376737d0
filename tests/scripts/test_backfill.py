"""`make backfill`: each landed day once, both ends included; nothing starts before its dry run was shown."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from scripts.backfill import PURPOSES, _dag_id
from scripts.environment import PROJECT
from tests.support import airflow_home
from tests.support.landed import contact, land_days, lines

#: Friday to the Friday after the clocks went forward in Europe (28 March 2010), with the weekend that has no data.
DAYS = [date(2010, 3, day) for day in (26, 29, 30, 31)] + [date(2010, 4, 1), date(2010, 4, 2)]

TRAINING, SCORING, MONITORING = "bank_marketing_training", "bank_marketing_batch_scoring", "bank_marketing_drift_retraining"


def new_platform(folder: Path) -> dict[str, str]:
    """Six contact days and a call list for each of them, under an Airflow that has never run."""
    land_days(folder / "landing", DAYS)
    for day in DAYS:
        path = folder / "landing" / "prospects" / f"dt={day}" / "prospects.csv"
        path.parent.mkdir(parents=True)
        path.write_text("\r\n".join(lines([contact(1, day)], prospects=True)) + "\r\n")
    return airflow_home.environment(airflow_home.new_home(folder), folder)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return new_platform(tmp_path_factory.mktemp("backfill"))


def backfill(platform: dict[str, str], dag: str, first: str, last: str, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.backfill", "--dag", dag, "--from", first, "--to", last, *more]
    return subprocess.run(
        command, env=platform, cwd=PROJECT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


def created(platform: dict[str, str], dag_id: str) -> list[tuple[str, dict[str, str]]]:
    with closing(sqlite3.connect(Path(platform["AIRFLOW_HOME"]) / "airflow.db")) as connection:
        rows = connection.execute(
            "select logical_date, conf from dag_run where run_type = 'backfill' and dag_id = ? order by 1", (dag_id,)
        ).fetchall()
    return [(moment[:10], json.loads(conf)) for moment, conf in rows]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("training", "2010-06-30", "2010-06-01"), "FROM=2010-06-30 is after TO=2010-06-01: exchange them"),
        (("training", "June", "2010-06-01"), "not a date"),
        (("training", "", ""), "FROM and TO must name a day, as in: make backfill"),
        (("training", "2010-06-01", ""), "TO must name a day, as in: make backfill"),
        (("drift", "2010-03-26", "2010-03-29"), "DAG=drift is none of training, scoring, monitoring"),
        (("scoring", "2010-03-26", "2010-03-29", "--promote"), "PROMOTE belongs to DAG=training"),
        (("training", "2010-03-27", "2010-03-28"), "no contacts have landed on a day from 2010-03-27 to 2010-03-28"),
        (("scoring", "2010-04-02", "2010-04-02"), "that a call list follows: the landed days are 2010-03-26 to 2010-04-02"),
    ],
)
def test_what_cannot_be_is_one_sentence(platform: dict[str, str], arguments: tuple[str, str, str], sentence: str) -> None:
    done = backfill(platform, *arguments)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_dags_are_those_of_the_campaign_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANK_CAMPAIGN", "bank_full")
    ids = [_dag_id(name) for name in PURPOSES]
    assert ids == ["bank_full_training", "bank_full_batch_scoring", "bank_full_drift_retraining"]


def test_the_dry_run_comes_first_and_is_all_without_a_yes(platform: dict[str, str]) -> None:
    shown = backfill(platform, "training", "2005-01-01", "2010-03-30")
    assert shown.returncode == 0, shown.stderr
    assert "Nothing has landed before 2010-03-26" in shown.stdout
    assert f"3 run(s) of {TRAINING}, one at a time" in shown.stdout
    assert "  2010-03: 26 29 30\n" in shown.stdout
    assert "stays as it is" in shown.stdout
    assert "Nothing was started" in shown.stdout
    assert created(platform, TRAINING) == []


@pytest.mark.parametrize(("machine", "airflows"), [("America/New_York", "America/New_York"), ("Asia/Tokyo", "Europe/Lisbon")])
def test_both_ends_are_run_for_every_dag_in_every_zone_and_over_a_change_of_clocks(
    tmp_path: Path, machine: str, airflows: str
) -> None:
    told = new_platform(tmp_path) | {"TZ": machine, "AIRFLOW__CORE__DEFAULT_TIMEZONE": airflows}
    expected = {"training": DAYS, "scoring": DAYS[:-1], "monitoring": DAYS}  # no list follows the last day
    ids = {"training": TRAINING, "scoring": SCORING, "monitoring": MONITORING}
    for dag, days in expected.items():
        done = backfill(told, dag, str(DAYS[0]), str(DAYS[-1]), "--yes")
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"{ids[dag]} is paused: switch it on" in done.stdout
        assert [day for day, _ in created(told, ids[dag])] == list(map(str, days))


def test_one_day_is_one_run_and_a_second_backfill_waits_for_the_first(platform: dict[str, str]) -> None:
    assert backfill(platform, "training", "2010-03-29", "2010-03-29", "--yes").returncode == 0
    assert created(platform, TRAINING) == [("2010-03-29", {"promote": "no", "reason": "backfill of 2010-03-29 to 2010-03-29"})]
    second = backfill(platform, "training", "2010-03-26", "2010-03-30", "--yes")
    assert second.returncode == 1
    assert "from 2010-03-29 to 2010-03-29 is not finished" in second.stderr
    assert second.stderr.count("\n") == 1
    with closing(sqlite3.connect(Path(platform["AIRFLOW_HOME"]) / "airflow.db")) as connection:  # as the scheduler ends it
        connection.execute("update dag_run set state = 'success'")
        connection.execute("update backfill set completed_at = '2026-01-01 00:00:00.000000'")
        connection.commit()
    nothing = backfill(platform, "training", "2010-03-29", "2010-03-29", "--yes")
    assert nothing.stdout == "1 day(s) have a run already (AGAIN=1 runs finished ones again).\nNothing to do.\n"
    rest = backfill(platform, "training", "2010-03-26", "2010-03-30", "--promote", "--yes")
    assert "1 day(s) have a run already" in rest.stdout
    assert [(day, conf["promote"]) for day, conf in created(platform, TRAINING)] == [
        ("2010-03-26", "yes"), ("2010-03-29", "no"), ("2010-03-30", "yes"),
    ]  # fmt: skip
