"""`make run`: each reports its own run and keeps its own log, however many run at once; Ctrl-C and TERM leave nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import psutil
import pytest

from scripts.environment import PROJECT
from tests.support import airflow_home
from tests.support.landed import write_contacts
from tests.support.waiting import wait_for

#: Landing zone -> its one day, whose file lacks most columns.
DAYS = {"north": date(2010, 6, 1), "south": date(2010, 6, 2)}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("make_run")


@pytest.fixture(scope="module")
def airflow(home: Path) -> Path:
    return airflow_home.new_home(home)


def start(airflow: Path, home: Path, zone: str) -> subprocess.Popen[str]:
    """`make run` on a landing zone whose one file cannot be ingested."""
    write_contacts(home / zone, DAYS[zone], ['"contact_id";"age"', "T1;30"])
    told = airflow_home.environment(airflow, home, BANK_LANDING_ROOT=str(home / zone))
    command = [sys.executable, "-m", "scripts.run_dag"]
    return subprocess.Popen(command, env=told, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_at_once_each_report_their_own_run_and_keep_their_own_log(airflow: Path, home: Path) -> None:
    """The later one is the newer run in Airflow's database all the while the earlier one looks there."""
    running = {zone: start(airflow, home, zone) for zone in ("north", "south")}
    logs = set()
    for zone, process in running.items():
        out, problems = process.communicate(timeout=240)
        assert process.returncode == 1, out + problems
        assert "ingest_data: ContractViolation" in problems
        other = {"north": "south", "south": "north"}[zone]
        assert f"contacts.csv of {DAYS[zone]} cannot be ingested" in problems
        named = re.search(r"whole log in (\S+\.log)", out)
        assert named is not None, out
        text = Path(named[1]).read_text(encoding="utf-8")
        assert f"/{zone}/" in text
        assert f"/{other}/" not in text
        logs.add(named[1])
    assert len(logs) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_ends_with_all_that_it_started(airflow: Path, home: Path, number: signal.Signals) -> None:
    process = start(airflow, home, "north")
    parent = psutil.Process(process.pid)
    wait_for(lambda: bool(parent.children(recursive=True)), 120)
    tree = parent.children(recursive=True)
    os.kill(process.pid, number)
    out, problems = process.communicate(timeout=60)
    assert process.returncode == 130, out + problems
    assert "Traceback" not in problems
    assert number.name in out
    assert not [child for child in tree if child.is_running()]
