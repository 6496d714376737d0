"""The server's process."""

from __future__ import annotations

import gc
import http.client
import json
import resource
import threading
from collections.abc import Iterator

import pytest
import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bank_marketing.serving.app import create_app
from bank_marketing.serving.server import BoundedProtocol, Server, server_config
from bank_marketing.serving.settings import ApiSettings
from scripts.lock import PROJECT, entries
from tests.support.mlflow_server import free_port
from tests.support.served import PROSPECT, Platform, running
from tests.support.waiting import wait_for


def test_what_a_start_has_loaded_is_not_walked_by_the_collector_while_it_answers(empty: Platform) -> None:
    api = ApiSettings(port=free_port())
    server = Server(server_config(create_app(empty.settings, api), api))
    thread = threading.Thread(target=server.run, daemon=True)
    before = gc.get_freeze_count()
    try:
        thread.start()
        wait_for(lambda: gc.get_freeze_count() > before + 100_000)
        assert len(gc.get_objects()) < gc.get_freeze_count()
    finally:
        gc.unfreeze()
        server.should_exit = True
        thread.join(timeout=30)


def test_requests_are_read_and_waited_for_by_compiled_code(empty: Platform) -> None:
    api = ApiSettings(port=free_port())
    config = server_config(create_app(empty.settings, api), api)
    assert issubclass(BoundedProtocol, HttpToolsProtocol)
    assert config.get_loop_factory() is uvloop.new_event_loop
    image = entries((PROJECT / "requirements-api.lock").read_text(encoding="utf-8"))
    assert {"uvicorn", "httptools", "uvloop"} <= set(image)


@pytest.fixture
def many_files() -> Iterator[None]:
    """Both ends of each connection are files of this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = 4096 if hard == resource.RLIM_INFINITY else min(4096, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, enough), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
def test_as_many_connections_as_are_allowed_are_held_and_answered(platform: Platform, key: str) -> None:
    """All ask at once, and again over the same connections: none is refused, hung up or given up."""
    allowed = ApiSettings().max_connections
    with running(platform, request_timeout_seconds=300, keep_alive_seconds=300) as server:
        host, port = server.url.removeprefix("http://").split(":")
        connections = [http.client.HTTPConnection(host, int(port), timeout=300) for _ in range(allowed)]
        ids = set()
        for _ in range(2):
            for number, connection in enumerate(connections):
                body = json.dumps({"prospect": PROSPECT | {"contact_id": f"T{number:05d}"}})
                connection.request("POST", "/api/v1/predictions", body, {"X-API-Key": key, "Content-Type": "application/json"})
            for number, connection in enumerate(connections):
                answer = connection.getresponse()
                told = json.loads(answer.read())
                assert (answer.status, told["contact_id"]) == (200, f"T{number:05d}")
                assert answer.headers.get("Connection") != "close"
                ids.add(told["prediction_id"])
        for connection in connections:
            connection.close()
    assert (allowed, len(ids)) == (500, 1000)
