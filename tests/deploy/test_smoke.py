"""The smoke test on real services: a good one, one without a model, none at all, and something else that answers."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from scripts.environment import PROJECT
from scripts.smoke_test import KEY, probe
from tests.support.mlflow_server import free_port
from tests.support.served import Running

#: The endpoint starts, makes its stacks and a model in the first test that needs them; on a busy machine that takes minutes.
pytestmark = pytest.mark.timeout(900)


def test_a_good_service_passes_and_its_prediction_is_on_record(well: tuple[Running, str]) -> None:
    probes = probe(well[0].url, well[1], patience=5)
    assert [found.ok for found in probes] == [True] * 4
    assert "on record as" in probes[3].said


def test_a_service_without_a_model_is_not_ready(without_model: Running) -> None:
    probes = probe(without_model.url, "any", patience=0.5)
    assert [(found.name, found.ok) for found in probes] == [("alive", True), ("ready", False)]
    assert "503" in probes[1].said


def test_a_wrong_key_fails_the_prediction_only(well: tuple[Running, str]) -> None:
    wrong = {found.name: found for found in probe(well[0].url, "bmk_wrong", patience=5)}
    assert [name for name, found in wrong.items() if not found.ok] == ["predicts"]
    assert "401" in wrong["predicts"].said
    missing = probe(well[0].url, "", patience=5)[-1]
    assert KEY in missing.said


def test_nobody_there_is_told_within_the_patience() -> None:
    [alone] = probe(f"http://127.0.0.1:{free_port()}", "any", patience=0.2)
    assert (alone.name, alone.ok) == ("alive", False)
    assert alone.seconds < 10


def test_something_else_on_the_port_is_not_taken_for_the_service() -> None:
    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<h1>hello</h1>")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Other)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        [alone] = probe(f"http://127.0.0.1:{server.server_port}", "any", patience=0)
    finally:
        server.shutdown()
    assert not alone.ok
    assert "not the service's" in alone.said


def test_the_command_line_ends_with_1_when_it_fails_and_with_0_when_it_passes(well: tuple[Running, str]) -> None:
    def run(url: str) -> subprocess.CompletedProcess[str]:
        told = os.environ | {KEY: well[1]}
        command = [sys.executable, "-m", "scripts.smoke_test", url, "--patience", "2"]
        return subprocess.run(command, cwd=PROJECT, env=told, capture_output=True, text=True, check=False)

    good = run(well[0].url)
    assert good.returncode == 0, good.stderr
    assert "✓ predicts" in good.stdout
    assert run(f"http://127.0.0.1:{free_port()}").returncode == 1
    assert run("localhost:8000").returncode == 2
