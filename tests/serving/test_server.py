"""The server's process."""

from __future__ import annotations

import gc
import threading

import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bank_marketing.serving.app import create_app
from bank_marketing.serving.server import BoundedProtocol, Server, server_config
from bank_marketing.serving.settings import ApiSettings
from scripts.lock import PROJECT, entries
from tests.support.mlflow_server import free_port
from tests.support.served import Platform
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
