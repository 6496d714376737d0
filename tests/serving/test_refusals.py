"""Every error has one shape, teaches, and tells nothing that it should not."""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from bank_marketing.artifacts.local import LocalStore
from bank_marketing.errors import ConfigError, StoreUnavailable
from bank_marketing.serving.access_log import TextFormatter
from bank_marketing.serving.app import create_app
from bank_marketing.serving.limits import RateLimiter
from bank_marketing.serving.problems import KINDS, MEDIA_TYPE
from bank_marketing.serving.settings import ApiSettings
from tests.support.served import PROSPECT, Platform, Running, running
from tests.support.waiting import wait_for

URL = "/api/v1/predictions"


def check(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """The answer is a problem of that kind."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, MEDIA_TYPE), answer.text
    problem: dict[str, Any] = answer.json()
    assert set(problem) == {"type", "title", "status", "detail", "instance", "errors"}
    assert (problem["type"], problem["status"], problem["title"]) == (f"/problems/{kind}", status, KINDS[kind][1])
    assert problem["instance"] == f"request:{answer.headers['x-request-id']}"
    assert "Traceback" not in answer.text
    return problem


@pytest.mark.parametrize(
    ("changes", "field", "told"),
    [
        ({"age": 16}, "prospect.age", "must be at least 17"),
        ({"job": "astronaut"}, "prospect.job", "'technician'"),
        ({"salary": 1}, "prospect.salary", "is not a column of the contract"),
        ({"previous": 2}, "prospect", "poutcome is nonexistent exactly when previous is 0"),
        ({"duration": 100}, "prospect", "Known only when the call is over, so never a feature (a leak)."),
        ({"y": "yes"}, "prospect", "y is not accepted"),
    ],
)
def test_what_breaks_the_contract_is_named_by_field(
    client: httpx.Client, changes: dict[str, Any], field: str, told: str
) -> None:
    problem = check(client.post(URL, json={"prospect": PROSPECT | changes}), 422, "invalid-request")
    assert [error["field"] for error in problem["errors"]] == [field]
    assert told in problem["errors"][0]["problem"]


def test_a_batch_names_the_row(client: httpx.Client) -> None:
    answer = client.post(f"{URL}/batch", json={"prospects": [PROSPECT, PROSPECT | {"age": 3}]})
    assert check(answer, 422, "invalid-request")["errors"][0]["field"] == "prospects.1.age"


def test_what_is_no_json_or_no_known_address_or_method(client: httpx.Client) -> None:
    headers = {"content-type": "application/json"}
    check(client.post(URL, content=b"{", headers=headers), 400, "bad-request")
    check(client.post(URL, content=b"\xff\xfe{", headers=headers), 400, "bad-request")
    check(client.get("/api/v1/nothing"), 404, "not-found")
    check(client.get(f"{URL}/2009-05-05-abcdef-0"), 404, "not-found")
    check(client.get(f"{URL}/..%2f..%2fetc"), 404, "not-found")
    check(client.put(URL, json={}), 405, "method-not-allowed")


@pytest.mark.parametrize(
    "given", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "", "/", "text/json"]
)
def test_a_body_that_is_no_json_is_refused_by_its_type(client: httpx.Client, given: str) -> None:
    for path in (URL, f"{URL}/batch"):
        told = check(client.post(path, content=b"{}", headers={"content-type": given}), 415, "unsupported-media-type")
        assert "application/json" in told["detail"]
    check(client.post("/api/v1/files", content=b"a;b", headers={"content-type": given}), 415, "unsupported-media-type")


def test_a_body_that_is_json_may_say_so_in_any_way(client: httpx.Client) -> None:
    body = json.dumps({"prospect": PROSPECT}).encode()
    for given in ("application/json", "Application/JSON; charset=utf-8", "application/vnd.bank+json"):
        assert client.post(URL, content=body, headers={"content-type": given}).status_code == 200
    check(client.post("/api/v1/files", json={}), 415, "unsupported-media-type")


def test_too_many_rows_and_too_many_bytes(platform: Platform, key: str) -> None:
    with running(platform, max_batch=2, max_body_bytes=4000) as server:
        client = httpx.Client(base_url=server.url, headers={"X-API-Key": key})
        check(client.post(f"{URL}/batch", json={"prospects": [PROSPECT] * 3}), 413, "too-large")
        check(client.post(URL, json={"prospect": PROSPECT, "x": "y" * 5000}), 413, "too-large")

        def stream() -> Iterator[bytes]:  # its length is not said beforehand
            for _ in range(10):
                yield b" " * 1000

        check(client.post(URL, content=stream(), headers={"content-type": "application/json"}), 413, "too-large")


@pytest.mark.parametrize(
    "headers", [{}, {"X-API-Key": "bmk_wrong"}, {"Authorization": "Bearer bmk_wrong"}, {"Authorization": "Basic x"}]
)
def test_without_a_valid_key_nothing_is_told(served: Running, headers: dict[str, str]) -> None:
    for address in ("/api/v1/model", f"{URL}/2009-05-05-abcdef-0", "/api/v1/files/" + "0" * 32):
        answer = httpx.get(served.url + address, headers=headers)
        check(answer, 401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"
    check(httpx.post(served.url + URL, json={"prospect": PROSPECT}, headers=headers), 401, "unauthorized")


def test_both_ways_to_send_a_key_work(served: Running, key: str) -> None:
    for headers in ({"X-API-Key": key}, {"Authorization": f"Bearer {key}"}):
        assert httpx.get(f"{served.url}/api/v1/model", headers=headers).status_code == 200


def test_a_revoked_key_ends_at_once(platform: Platform, served: Running) -> None:
    keys = served.service.identity.keys
    made, secret = keys.create("leaver")
    assert httpx.get(f"{served.url}/api/v1/model", headers={"X-API-Key": secret}).status_code == 200
    keys.revoke(made.key_id)
    check(httpx.get(f"{served.url}/api/v1/model", headers={"X-API-Key": secret}), 401, "unauthorized")


def test_who_asks_too_often_is_told_when_to_come_back(platform: Platform) -> None:
    greedy, other = platform.key("greedy"), platform.key("other")
    with running(platform, rate_limit_per_minute=5) as server:
        answers = [httpx.get(f"{server.url}/api/v1/model", headers={"X-API-Key": greedy}) for _ in range(7)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
        check(answers[-1], 429, "too-many-requests")
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 12
        assert httpx.get(f"{server.url}/api/v1/model", headers={"X-API-Key": other}).status_code == 200


def test_guessing_keys_is_slowed_down(platform: Platform) -> None:
    with running(platform) as server:
        statuses = [httpx.get(f"{server.url}/api/v1/model", headers={"X-API-Key": f"bmk_{n}"}).status_code for n in range(40)]
    assert statuses[:20] == [401] * 20
    assert 429 in statuses  # the bucket fills while a slow machine goes on asking


def test_a_bucket_fills_again_and_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    limiter = RateLimiter(60, clock=lambda: now[0])
    assert [limiter.take("a").wait for _ in range(60)] == [0.0] * 60
    assert limiter.take("a").wait == pytest.approx(1.0)
    now[0] = 1.0
    assert limiter.take("a").wait == 0.0
    monkeypatch.setattr("bank_marketing.serving.limits.MAX_CALLERS", 10)
    for n in range(100):
        limiter.take(str(n))
    assert len(limiter._buckets) <= 11


def test_without_a_model_the_service_starts_and_says_so(empty: Platform) -> None:
    key = empty.key()
    with running(empty) as server:
        assert httpx.get(f"{server.url}/healthz").json() == {"status": "alive"}
        for answer in (
            httpx.get(f"{server.url}/readyz"),
            httpx.get(f"{server.url}/api/v1/model", headers={"X-API-Key": key}),
            httpx.post(server.url + URL, json={"prospect": PROSPECT}, headers={"X-API-Key": key}),
        ):
            assert "run the training DAG" in check(answer, 503, "no-model")["detail"]


def test_what_is_not_on_record_is_not_given(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> bool:
        raise StoreUnavailable("cannot write /data/secret-path: the disk is full")

    monkeypatch.setattr(LocalStore, "write_bytes", full)
    answer = client.post(URL, json={"prospect": PROSPECT})
    check(answer, 503, "unavailable")
    assert "secret-path" not in answer.text
    assert "probability" not in answer.text


def test_a_fault_of_ours_shows_no_trace_and_logs_no_client_data(
    client: httpx.Client, served: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(rows: Any, *_: object) -> None:
        raise KeyError(f"housemaid {rows}")

    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(served.service.predictor, "score", broken)
    check(client.post(URL, json={"prospect": PROSPECT | {"job": "housemaid"}}), 500, "internal")
    assert "KeyError" in caplog.text
    assert "housemaid" not in caplog.text


def test_logs_hold_no_client_data_and_no_key(client: httpx.Client, key: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="bank_marketing")
    client.post(URL, json={"prospect": PROSPECT | {"job": "housemaid"}})
    client.post(URL, json={"prospect": PROSPECT | {"job": "spy-of-mine"}})

    def lines() -> list[str]:
        form = TextFormatter()
        return [form.format(record) for record in caplog.records if record.name.startswith("bank_marketing")]

    wait_for(
        lambda: any(f"method=POST route={URL} status=422" in line for line in lines())
    )  # the log tells of it when the answer is on its way
    assert not [line for line in lines() if "housemaid" in line or "spy" in line or key in line]


def test_what_takes_too_long_is_answered_in_time(platform: Platform, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(platform, request_timeout_seconds=0.5) as server:
        monkeypatch.setattr(server.service.predictor, "score", lambda *_: time.sleep(3))
        started = time.monotonic()
        answer = httpx.post(server.url + URL, json={"prospect": PROSPECT}, headers={"X-API-Key": key}, timeout=10)
        assert time.monotonic() - started < 2
        check(answer, 504, "timeout")


def test_a_body_that_never_ends_is_given_up(platform: Platform, key: str) -> None:
    with (
        running(platform, request_timeout_seconds=0.5) as server,
        socket.create_connection(("127.0.0.1", int(server.url[-5:].lstrip(":")))) as line,
    ):
        head = [f"POST {URL} HTTP/1.1", "Host: localhost", f"X-API-Key: {key}", "Content-Type: application/json"]
        line.sendall("\r\n".join([*head, "Content-Length: 500", "", "{"]).encode())
        line.settimeout(5)
        assert b" 504 " in line.recv(4096)


def test_every_answer_has_the_security_headers(served: Running) -> None:
    for address in ("/healthz", "/login", "/static/app.js", "/nothing", "/api/v1/model"):
        headers = httpx.get(served.url + address).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")


def test_keys_are_switched_off_only_on_loopback(platform: Platform) -> None:
    with pytest.raises(ConfigError, match=r"without API keys the service listens on 127\.0\.0\.1 only"):
        create_app(platform.settings, ApiSettings(auth="off", host="0.0.0.0"))
    with running(platform, auth="off") as server:
        assert httpx.get(f"{server.url}/api/v1/model").status_code == 200
        rebound = httpx.get(f"{server.url}/api/v1/model", headers={"Host": "evil.example"})
        check(rebound, 403, "forbidden")


def test_the_kinds_of_problems_are_in_the_document(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    answers = document["paths"][URL]["post"]["responses"]
    assert {"200", "400", "401", "413", "422", "429", "500", "503", "504"} <= set(answers)
    assert answers["422"]["content"][MEDIA_TYPE]["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert "HTTPValidationError" not in json.dumps(document)
