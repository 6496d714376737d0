"""A request is answered with what is on record, or with a timeout and nothing on record: never both."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest

from tests.serving.test_refusals import URL, check
from tests.support.served import PROSPECT, Platform, running
from tests.support.waiting import wait_for


def records(server: Any) -> set[str]:
    store = server.service.store
    return set(store.list_files(store.uri("predictions")))


def test_what_was_given_up_is_not_put_on_record(platform: Platform, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(platform, request_timeout_seconds=0.5) as server:
        predictor, over, go = server.service.predictor, threading.Event(), threading.Event()
        score = predictor.score

        def slow(*given: Any) -> Any:
            go.wait(60)
            try:
                return score(*given)
            finally:
                over.set()

        monkeypatch.setattr(predictor, "score", slow)
        before = records(server)
        body = {"prospects": [PROSPECT] * 3}
        answer = httpx.post(f"{server.url}{URL}/batch", json=body, headers={"X-API-Key": key}, timeout=30)
        assert "nothing is on record" in check(answer, 504, "timeout")["detail"]
        go.set()
        assert over.wait(30)
        monkeypatch.undo()  # the next one is recorded, so what could have been recorded before it would be there by now
        wait_for(lambda: httpx.post(f"{server.url}{URL}", json={"prospect": PROSPECT}, headers={"X-API-Key": key}).is_success)
        assert len(records(server) - before) == 1


def test_what_is_being_put_on_record_is_answered_however_long_it_takes(
    platform: Platform, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(platform, request_timeout_seconds=0.5) as server:
        log = server.service.predictor.log
        append, slow = log.append, threading.Event()

        def late(*given: Any) -> None:
            slow.wait(1.5)
            append(*given)

        monkeypatch.setattr(log, "append", late)
        before = records(server)
        answer = httpx.post(f"{server.url}{URL}", json={"prospect": PROSPECT}, headers={"X-API-Key": key}, timeout=30)
        assert answer.status_code == 200, answer.text
        assert len(records(server) - before) == 1
