"""A whole Airflow (`airflow standalone`: API server, scheduler, DAG processor, triggerer) on free ports, driven by REST."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from scripts.environment import PROJECT, passwords
from tests.support import airflow_home
from tests.support.mlflow_server import free_port

#: Tasks are forked from the scheduler: what it has imported they need not, which is half of what a small task does.
_IMPORTED_ONCE = """import sys

if sys.argv[1:2] == ["scheduler"]:
    import evidently, great_expectations, matplotlib.pyplot, mlflow, pyarrow.parquet, shap, sklearn.linear_model, skops.io
"""

_LOG_PORTS = ("AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT", "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT")


class RunningAirflow:
    """REST client of a running Airflow; each call must be answered with a success."""

    def __init__(self, url: str, home: Path) -> None:
        self.url, self.home = url, home
        self.http = httpx.Client(base_url=url, timeout=180)

    def log_in(self) -> None:
        """Exchange the generated password for a token."""
        [(user, password)] = passwords(self.home).items()
        answer = self.http.post("/auth/token", json={"username": user, "password": password})
        answer.raise_for_status()
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        """Call the stable API; raises AssertionError with the answer when it is refused."""
        answer = self.http.request(method, f"/api/v2{path}", **arguments)
        for _ in range(60):
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:  # SQLite, while the scheduler writes
                break
            time.sleep(1)
            answer = self.http.request(method, f"/api/v2{path}", **arguments)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:2000]}"
        return answer.json()

    def states(self, dag_id: str, run_id: str) -> dict[str, str | None]:
        """State of each task of a run."""
        found = self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
        return {task["task_id"]: task["state"] for task in found}

    def wait_for_run(self, dag_id: str, run_id: str, seconds: float = 1500) -> str:
        """The state in which a run ended."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}"
        state: str = self.wait(
            lambda: _ended(self.call("GET", path)["state"]), seconds, lambda: str(self.states(dag_id, run_id))
        )
        return state

    def wait(self, ask: Callable[[], Any], seconds: float, explain: Callable[[], str] = str) -> Any:
        """The first true answer of `ask`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if answer := ask():
                return answer
            time.sleep(0.5)
        raise TimeoutError(f"{explain()}\n{(self.home / 'standalone.log').read_text()[-4000:]}")


def _ended(state: str) -> str:
    return state if state in ("success", "failed") else ""


@contextmanager
def standalone(home: Path, bank_home: Path, **more: str) -> Iterator[RunningAirflow]:
    """Run it on a migrated home until it is healthy; nothing of it is left afterwards."""
    port = free_port()
    passwords(home)
    (home / "config").mkdir()
    (home / "config" / "airflow_local_settings.py").write_text(_IMPORTED_ONCE)
    told = airflow_home.environment(
        home, bank_home, AIRFLOW__API__PORT=str(port), AIRFLOW__API__BASE_URL=f"http://localhost:{port}",
        AIRFLOW__API__WORKERS="1", **{name: str(free_port()) for name in _LOG_PORTS}, **more,
    )  # fmt: skip
    with (home / "standalone.log").open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "airflow", "standalone"],
            env=told, cwd=PROJECT, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    airflow = RunningAirflow(f"http://localhost:{port}", home)
    try:
        airflow.wait(lambda: process.poll() is not None or _healthy(airflow), 1500)
        assert process.poll() is None, (home / "standalone.log").read_text()[-4000:]
        airflow.log_in()
        yield airflow
    finally:
        airflow.http.close()
        _end(process)


def _healthy(airflow: RunningAirflow) -> bool:
    try:
        health = airflow.http.get("/api/v2/monitor/health").json()
    except (httpx.TransportError, ValueError):
        return False
    return all(health[part]["status"] == "healthy" for part in ("metadatabase", "scheduler", "dag_processor"))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End all of it: tasks run in sessions of their own, so the tree is collected before its root goes."""
    tree = _descendants(process.pid)
    process.send_signal(signal.SIGINT)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pid in tree:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _descendants(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    children: dict[int, list[int]] = {}
    for line in found.splitlines():
        child, parent = map(int, line.split())
        children.setdefault(parent, []).append(child)
    tree, todo = [], [pid]
    while todo:
        below = children.get(todo.pop(), [])
        tree += below
        todo += below
    return tree
