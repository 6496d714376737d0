"""The server's process."""

from __future__ import annotations

import gc
import threading

from bank_marketing.serving.app import create_app
from bank_marketing.serving.server import Server, server_config
from bank_marketing.serving.settings import ApiSettings
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
