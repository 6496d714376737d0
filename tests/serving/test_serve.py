"""`bank-marketing serve`, as `make serve` starts it: a first start makes a key and shows it once, and it ends when asked to."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.support.mlflow_server import free_port

MINE = {"X-Request-Id": "mine-1"}
COMMAND = Path(sys.executable).with_name("bank-marketing")


def start(home: Path, port: int, log: Path, **more: str) -> subprocess.Popen[bytes]:
    environment = os.environ | {"BANK_HOME": str(home), "BANK_API_PORT": str(port)} | more
    with log.open("w") as stream:
        return subprocess.Popen([COMMAND, "serve"], env=environment, stdout=stream, stderr=subprocess.STDOUT)


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            httpx.get(url, timeout=5)
            return
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())


def test_a_first_start_shows_a_key_that_works_and_a_second_one_shows_none(tmp_path: Path) -> None:
    port, shown = free_port(), []
    for number, form in ((1, "text"), (2, "json")):
        log = tmp_path / f"{number}.log"
        process = start(tmp_path, port, log, BANK_API_LOG_FORMAT=form)
        try:
            wait_for(f"http://127.0.0.1:{port}/healthz", process, log)
            shown.append(re.findall(r"bmk_\S+", log.read_text()))
            model = httpx.get(f"http://127.0.0.1:{port}/api/v1/model", headers={"X-API-Key": shown[0][0]} | MINE, timeout=60)
            assert model.headers["x-request-id"] == MINE["X-Request-Id"]
            assert (model.status_code, model.json()["type"]) == (503, "/problems/no-model")  # let in: nothing was trained here
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0, log.read_text()
    assert [len(keys) for keys in shown] == [1, 0]
    text = next(line for line in (tmp_path / "1.log").read_text().splitlines() if "route=/api/v1/model" in line)
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO request method=GET route=/api/v1/model status=503 ms=[\d.]+ who=first "
        r"request_id=mine-1",
        text,
    )
    lines = [json.loads(line) for line in (tmp_path / "2.log").read_text().splitlines() if line.startswith("{")]
    of_model = [line for line in lines if line.get("request_id") == "mine-1"]
    assert [(line["level"], line.get("status")) for line in of_model] == [
        ("WARNING", None),
        ("INFO", 503),
    ]  # the reason, the line
    assert "no version in production" in of_model[0]["message"] or "No model is in production" in of_model[0]["message"]


def test_without_keys_it_does_not_start_where_others_reach_it(tmp_path: Path) -> None:
    process = start(tmp_path, free_port(), tmp_path / "log", BANK_API_AUTH="off", BANK_API_HOST="0.0.0.0")
    assert process.wait(240) == 1
    assert "without API keys the service listens on 127.0.0.1 only" in " ".join((tmp_path / "log").read_text().split())
