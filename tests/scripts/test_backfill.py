"""`make backfill`: nothing starts before its dry run was shown, and production stays as it is unless asked."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from scripts.environment import PROJECT
from tests.support import airflow_home


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("backfill")
    return airflow_home.environment(airflow_home.new_home(home), home)


def backfill(told: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.backfill", *arguments]
    return subprocess.run(command, env=told, cwd=PROJECT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def created(told: dict[str, str]) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(Path(told["AIRFLOW_HOME"]) / "airflow.db")) as connection:
        rows = connection.execute("select logical_date, conf from dag_run where run_type = 'backfill' order by 1").fetchall()
    return [(moment[:10], conf) for moment, conf in rows]


def test_days_that_cannot_be_are_refused(told: dict[str, str]) -> None:
    assert "exchange them" in backfill(told, "--from", "2010-06-30", "--to", "2010-06-01").stderr
    assert "not a date" in backfill(told, "--from", "June", "--to", "2010-06-01").stderr


def test_the_dry_run_comes_first_and_is_all_without_a_yes(told: dict[str, str]) -> None:
    days = ("--from", "2010-06-28", "--to", "2010-06-29")
    shown = backfill(told, *days)
    assert shown.returncode == 0, shown.stderr
    assert "2010-06-28" in shown.stdout
    assert "2010-06-29" in shown.stdout
    assert "stays as it is" in shown.stdout
    assert "Nothing was started" in shown.stdout
    assert created(told) == []
    assert backfill(told, *days, "--yes").returncode == 0
    runs = created(told)
    assert [day for day, _ in runs] == ["2010-06-28", "2010-06-29"]
    assert {json.loads(conf)["promote"] for _, conf in runs} == {"no"}
