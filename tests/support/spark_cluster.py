"""A real standalone Spark cluster on loopback: a master and workers of one core, each a process group that can be killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.support.mlflow_server import free_port

_DEPLOY = "org.apache.spark.deploy"


class SparkCluster:
    """The master's address, and its workers by number."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.page = free_port(), free_port()
        self.url = f"spark://127.0.0.1:{self.port}"
        #: What a driver needs, so that workers reach it and find the same Python.
        self.variables = {
            "BANK_SPARK_MASTER": self.url,
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PYSPARK_PYTHON": sys.executable,
            "PYSPARK_SUBMIT_ARGS": "--conf spark.sql.shuffle.partitions=4 --conf spark.ui.showConsoleProgress=false pyspark-shell",
        }
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, workers: int) -> None:
        """Start master and workers; wait until all are known."""
        self._run("master", f"{_DEPLOY}.master.Master", "--port", str(self.port), "--webui-port", str(self.page))
        self._wait(lambda: self.state() is not None)
        for number in range(workers):
            arguments = ["--cores", "1", "--memory", "1g", "--work-dir", str(self.work(number)), self.url]
            self._run(f"worker-{number}", f"{_DEPLOY}.worker.Worker", "--webui-port", str(free_port()), *arguments)
        self._wait(lambda: len(self.alive()) == workers)

    def state(self) -> dict[str, Any] | None:
        """What the master says of workers and applications; None while it does not answer."""
        try:
            told: dict[str, Any] = json.loads(httpx.get(f"http://127.0.0.1:{self.page}/json/", timeout=5).text)
        except (httpx.TransportError, json.JSONDecodeError):
            return None
        return told

    def alive(self) -> list[dict[str, Any]]:
        """Workers that the master knows and hears of."""
        state = self.state() or {}
        return [worker for worker in state.get("workers", ()) if worker["state"] == "ALIVE"]

    def applications(self) -> dict[str, str]:
        """State of every application that has ended or runs, by its name."""
        state = self.state() or {}
        return {app["name"]: app["state"] for app in [*state.get("activeapps", ()), *state.get("completedapps", ())]}

    def work(self, number: int) -> Path:
        """Where a worker's executors run and log."""
        return self.folder / f"work-{number}"

    def tasks(self, number: int) -> int:
        """How many tasks a worker's executors have begun."""
        return self.log(number).count("Running task")

    def log(self, number: int) -> str:
        """What a worker's executors have written."""
        logs = sorted([*self.work(number).glob("*/*/stderr"), *self.work(number).glob("*/*/stdout")])
        return "".join(log.read_text(encoding="utf-8", errors="replace") for log in logs)

    def kill_worker(self, number: int) -> None:
        """Kill a worker with its executors, as the loss of its machine would."""
        self._kill(f"worker-{number}")

    def stop(self) -> None:
        """Kill what runs."""
        for name in list(self._processes):
            self._kill(name)

    def _run(self, name: str, *command: str) -> None:
        spark_class = Path(sys.executable).with_name("spark-class")
        environment = os.environ | self.variables | {"SPARK_NO_DAEMONIZE": "1"}
        with (self.folder / f"{name}.log").open("wb") as stream:
            self._processes[name] = subprocess.Popen(
                [str(spark_class), command[0], "--host", "127.0.0.1", *command[1:]],
                stdout=stream,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=environment,
                start_new_session=True,
            )

    def _kill(self, name: str) -> None:
        process = self._processes.pop(name, None)
        if process is not None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _wait(self, holds: Any, seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            for name, process in self._processes.items():
                assert process.poll() is None, (self.folder / f"{name}.log").read_text(errors="replace")[-3000:]
            assert time.monotonic() < deadline, f"no cluster after {seconds:.0f} s; see {self.folder}"
            time.sleep(0.3)


@contextmanager
def spark_cluster(workers: int = 2) -> Iterator[SparkCluster]:
    """Run a cluster with its logs in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="spark-cluster-", ignore_cleanup_errors=True) as folder:
        cluster = SparkCluster(Path(folder))
        try:
            cluster.start(workers)
            yield cluster
        finally:
            cluster.stop()
