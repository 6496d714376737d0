"""`make airflow` is one parent: what it starts listens on this machine alone, and ends with it, however it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from datetime import date
from pathlib import Path

import psutil
import pytest

from scripts.environment import PROJECT, passwords
from tests.support import airflow_home
from tests.support.landed import land_days
from tests.support.mlflow_server import free_port
from tests.support.waiting import wait_for


class Served:
    """A running `make airflow`."""

    def __init__(self, folder: Path, **more: str) -> None:
        land_days(folder / "landing", [date(2010, 6, 1)])
        home = airflow_home.new_home(folder)
        passwords(home)
        told = airflow_home.environment(
            home, folder, **{"AIRFLOW__API__PORT": str(free_port()), "AIRFLOW__API__WORKERS": "1"} | more
        )
        self.log = folder / "served.log"
        with self.log.open("w") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "scripts.serve_airflow"], env=told, cwd=PROJECT, stdout=stream, stderr=subprocess.STDOUT
            )
        self.parent = psutil.Process(self.process.pid)

    @property
    def said(self) -> str:
        return self.log.read_text()

    def tree(self) -> list[psutil.Process]:
        """All that it has started, which must end with it."""
        return self.parent.children(recursive=True)

    def part(self, name: str) -> psutil.Process:
        """One of the four."""
        [found] = [
            child for child in self.parent.children() if child.cmdline()[1:4] == ["-m", "airflow", name] or name in child.name()
        ]
        return found

    def wait_until_ready(self) -> None:
        wait_for(lambda: "Airflow is ready" in self.said or self.process.poll() is not None, 300)
        assert self.process.poll() is None, self.said[-4000:]


def alive(tree: list[psutil.Process]) -> list[psutil.Process]:
    return [process for process in tree if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def test_it_listens_on_this_machine_alone_and_a_killed_scheduler_ends_it_and_is_said(tmp_path: Path) -> None:
    served = Served(tmp_path)
    served.wait_until_ready()
    tree = served.tree()
    listening = {
        place.laddr.ip for process in tree for place in process.net_connections("inet") if place.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}
    served.part("scheduler").kill()
    assert served.process.wait(90) == 1
    assert "The scheduler was killed by SIGKILL: ending the rest." in served.said
    assert not alive(tree)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_with_all_its_children_even_when_asked_twice(tmp_path: Path, number: signal.Signals) -> None:
    served = Served(tmp_path)
    served.wait_until_ready()
    tree = served.tree()
    assert len(tree) >= 4
    os.kill(served.process.pid, number)
    wait_for(lambda: "ending Airflow" in served.said)
    os.kill(served.process.pid, number)
    assert served.process.wait(90) == 0
    assert "Traceback" not in served.said.partition("ending Airflow")[0]
    assert not alive(tree)


@pytest.mark.parametrize("value", ["x", "80 80", "0", "70000"])
def test_a_port_that_is_none_is_one_sentence(tmp_path: Path, value: str) -> None:
    served = Served(tmp_path, AIRFLOW__API__PORT=value)
    assert served.process.wait(60) == 1
    assert served.said == f"ConfigError: AIRFLOW__API__PORT={value} is no port: name a number from 1 to 65535\n"


def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        served = Served(tmp_path, AIRFLOW__API__PORT=str(port))
        assert served.process.wait(60) == 1
    assert served.said.startswith(f"ConfigError: port {port} is taken.")
    assert served.said.count("\n") == 1
