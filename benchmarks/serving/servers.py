"""The two servers that are measured, each a process of its own on a free loopback port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from bank_marketing.settings import Settings

#: A cold start imports pandas, scikit-learn and MLflow; a crowded machine takes minutes for it.
START_SECONDS = 900


@dataclass(frozen=True)
class Server:
    """A server that answers."""

    url: str
    pid: int

    def cpu_seconds(self) -> float:
        """Processor time that its processes have taken: unlike a latency, what else the machine does hardly changes it."""
        own = psutil.Process(self.pid)
        times = [process.cpu_times() for process in (own, *own.children(recursive=True))]
        return float(sum(time.user + time.system for time in times))


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def service(settings: Settings, log: Path) -> Iterator[Server]:
    """The service as `make serve` starts it, on the platform of `settings`; its limits are wide so that the load is not refused."""
    port = free_port()
    limits = {"BANK_API_RATE_LIMIT_PER_MINUTE": "100000000", "BANK_API_MODEL_CHECK_SECONDS": "1"}
    command = [str(Path(sys.executable).with_name("bank-marketing")), "serve", "--port", str(port)]
    with _process(command, _environment(settings) | limits, f"http://127.0.0.1:{port}", "/readyz", log) as server:
        yield server


@contextmanager
def mlflow_serve(settings: Settings, version: int, log: Path) -> Iterator[Server]:
    """`mlflow models serve` on a registered version, with one worker as the service has one process."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", f"models:/{settings.model_name}/{version}",
               "--env-manager", "local", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]  # fmt: skip
    with _process(command, _environment(settings), f"http://127.0.0.1:{port}", "/ping", log) as server:
        yield server


def _environment(settings: Settings) -> dict[str, str]:
    own = {"BANK_HOME": str(settings.home), "MLFLOW_TRACKING_URI": settings.tracking_uri, "MLFLOW_DISABLE_TELEMETRY": "true"}
    return {**os.environ, **own}


@contextmanager
def _process(command: Sequence[str], environment: Mapping[str, str], url: str, ready: str, log: Path) -> Iterator[Server]:
    with log.open("w") as stream:
        process = subprocess.Popen(command, env=environment, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(url + ready):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{' '.join(command[:4])} did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")
            time.sleep(0.2)
        yield Server(url, process.pid)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.TransportError:
        return False
