"""Strangers at real sockets: what they may hold, how long, and that the service answers others meanwhile."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bank_marketing.serving import identity
from bank_marketing.serving.identity import COOKIE
from tests.serving.test_files import csv_of, people
from tests.serving.test_refusals import URL, check
from tests.support.served import PROSPECT, Platform, Running, running
from tests.support.waiting import wait_for

HALF = b"GET /api/v1/model HTTP/1.1\r\nHost: localhost\r\nX-"


@contextmanager
def connected(server: Running) -> Iterator[socket.socket]:
    place = urlsplit(server.url)
    with socket.create_connection((place.hostname, place.port), timeout=20) as line:
        yield line


def ended(line: socket.socket) -> bool:
    """Whether the other side hung up."""
    try:
        return line.recv(4096) == b""
    except ConnectionResetError:
        return True


def test_a_request_that_never_comes_is_hung_up(platform: Platform) -> None:
    with running(platform, header_timeout_seconds=0.5) as server, ExitStack() as lines:
        silent, half = lines.enter_context(connected(server)), lines.enter_context(connected(server))
        half.sendall(HALF)
        trickling = lines.enter_context(connected(server))
        trickling.settimeout(0.1)
        started, gone = time.monotonic(), False
        while not gone and time.monotonic() - started < 15:  # a byte now and then buys no time
            try:
                trickling.sendall(b"G")
                gone = trickling.recv(10) == b""
            except TimeoutError:
                continue
            except OSError:
                gone = True
        assert gone
        assert ended(silent)
        assert ended(half)


def test_a_second_request_on_one_line_has_the_same_bound(platform: Platform) -> None:
    with running(platform, header_timeout_seconds=0.5) as server, connected(server) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b" 200 " in line.recv(4096)
        line.sendall(HALF)
        assert ended(line)


def test_an_idle_connection_is_held_as_long_as_was_said_and_then_hung_up(platform: Platform) -> None:
    with running(platform, keep_alive_seconds=5) as server, connected(server) as line:
        for _ in range(2):
            line.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b" 200 " in line.recv(4096)
        assert ended(line)


def test_headers_without_an_end_are_hung_up(platform: Platform) -> None:
    endless = b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: %s\r\n" % (number, b"a" * 1000) for number in range(50_000))
    with running(platform) as server, connected(server) as line, pytest.raises(OSError):
        line.sendall(endless)


def test_half_sent_requests_make_room_for_whole_ones(platform: Platform, key: str) -> None:
    with running(platform, max_connections=20, header_timeout_seconds=60) as server, ExitStack() as lines:
        for _ in range(60):
            lines.enter_context(connected(server)).sendall(HALF)
        for _ in range(5):
            assert httpx.get(f"{server.url}/healthz").status_code == 200
            assert httpx.get(f"{server.url}/api/v1/model", headers={"X-API-Key": key}).status_code == 200


def upload_of(headers: str, server: Running, size: int) -> tuple[bytes, int]:
    """Send the head of an upload and then its body as far as the service lets us; its answer and the bytes that went."""
    with connected(server) as line:
        head = f"POST /api/v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n{headers}"
        line.sendall(f"{head}Content-Length: {size}\r\n\r\n".encode())
        answer = line.recv(65536)
        sent = 0
        try:
            while sent < size:
                sent += line.send(b"a" * 65536)
        except OSError:
            pass
        return answer, sent


@pytest.mark.parametrize("headers", ["", "X-API-Key: bmk_wrong\r\n", f"Cookie: {COOKIE}=abc\r\n"])
def test_a_stranger_is_refused_before_the_body(platform: Platform, headers: str) -> None:
    with running(platform) as server:
        answer, sent = upload_of(headers, server, 19_000_000)
        assert answer.startswith(b"HTTP/1.1 401 "), answer[:80]  # not a byte of the body was sent before
        assert b"connection: close" in answer.lower()
        assert sent < 19_000_000


def test_a_strangers_form_is_not_read_either(served: Running) -> None:
    with connected(served) as line:
        line.sendall(b"POST /list HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
        answer = line.recv(4096)
    assert answer.startswith(b"HTTP/1.1 303 ")
    assert b"location: /login?next=/list" in answer


def test_the_login_reads_no_more_than_a_key(served: Running) -> None:
    check(httpx.post(f"{served.url}/login", data={"key": "x" * 20_000}), 413, "too-large")


def test_requests_without_a_key_are_limited_by_address_and_logged(platform: Platform, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="bank_marketing")
    with running(platform) as server:
        spoofed = [
            httpx.get(f"{server.url}/api/v1/model", headers={"X-Forwarded-For": f"10.0.0.{number}"}).status_code
            for number in range(identity.FAILED_ATTEMPTS_PER_MINUTE + 15)
        ]
        assert spoofed[:20] == [401] * 20
        assert 429 in spoofed  # a header that anybody can write buys no further attempts
        lines = [record for record in caplog.records if getattr(record, "status", 0) in (401, 429)]
        assert {getattr(record, "address", "") for record in lines} == {"127.0.0.1"}


def test_a_trusted_proxy_says_who_asks(platform: Platform, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="bank_marketing")
    with running(platform, trusted_proxies="127.0.0.1") as server:
        httpx.get(f"{server.url}/api/v1/model", headers={"X-Forwarded-For": "192.0.2.7"})
        wait_for(lambda: [r for r in caplog.records if getattr(r, "address", "") == "192.0.2.7"])


def test_another_host_is_refused_and_the_list_can_be_set(platform: Platform, served: Running, key: str) -> None:
    def asked_as(host: str, server: Running, path: str = "/api/v1/model") -> httpx.Response:
        return httpx.get(server.url + path, headers={"Host": host, "X-API-Key": key})

    check(asked_as("evil.example", served), 403, "forbidden")
    check(asked_as("evil.example", served, "/login"), 403, "forbidden")
    assert asked_as("evil.example", served, "/healthz").status_code == 200  # probes ask by address
    assert asked_as("LOCALHOST:1234", served).status_code == 200
    with running(platform, allowed_hosts="scores.bank.example, other.example") as server:
        assert asked_as("scores.bank.example:443", server).status_code == 200
        check(asked_as("localhost", server), 403, "forbidden")


def test_strange_tokens_are_refused_in_words(served: Running, key: str) -> None:
    with httpx.Client(base_url=served.url, headers={"Accept": "text/html"}) as browser:
        assert browser.post("/login", data={"key": key}).status_code == 303
        page = browser.get("/score").text
        assert 'name="csrf"' in page
        strange = ["é", "", "ÿ" * 100]
        for token in strange:
            assert browser.post("/score", data={"csrf": token, "age": "64"}).status_code == 403
            headers = {"X-CSRF-Token": token.encode("latin-1")}
            assert browser.post("/api/v1/predictions", json={"prospect": PROSPECT}, headers=headers).status_code == 403
        assert browser.post("/score", data={"age": "64"}).status_code == 403  # a form that sends none
        assert browser.post("/api/v1/predictions", json={"prospect": PROSPECT}).status_code == 403
        assert browser.post("/logout", data={}).status_code == 403


@pytest.mark.parametrize(
    "number", ["2010-07-01-" + "a" * 300 + "-0", "2010-07-01-a-" + "9" * 5000, "x" * 4000, "2010-07-01-a-0%00"]
)
def test_an_id_of_any_length_is_not_found(client: httpx.Client, number: str) -> None:
    assert client.get(f"{URL}/{number}").status_code in (404, 422)
    assert client.get(f"/api/v1/files/{number}").status_code in (404, 422)


TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60)
PATHS = (
    "/api/v1/model",
    URL,
    f"{URL}/batch",
    "/api/v1/files",
    "/score",
    "/score/what-if",
    "/list",
    "/login",
    "/logout",
    "/status",
)
NAMES = ("X-CSRF-Token", "Cookie", "X-Request-Id", "Authorization", "X-API-Key", "Content-Type", "Accept", "Host", "Sec-Fetch-Site",
         "Content-Length", "Transfer-Encoding", "X-Fragment", "X-Forwarded-For", "Expect")  # fmt: skip


@given(path=st.sampled_from(PATHS), verb=st.sampled_from(("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "BREW")),
       headers=st.dictionaries(st.sampled_from(NAMES), TEXT, max_size=4), known=st.booleans(), body=st.binary(max_size=200))  # fmt: skip
@settings(max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_no_header_makes_the_service_fail(
    served: Running, key: str, path: str, verb: str, headers: dict[str, str], known: bool, body: bytes
) -> None:
    lines = {"Host": "localhost", "Content-Length": str(len(body))} | ({"X-API-Key": key} if known else {}) | headers
    head = f"{verb} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    with connected(served) as line:
        line.settimeout(0.5)
        line.sendall(head.encode("latin-1") + b"\r\n" + body)
        try:
            answer = line.recv(4096)
        except (TimeoutError, ConnectionResetError):
            return  # a body that was announced and not sent is waited for
    assert answer == b"" or answer.split(b" ", 2)[1] in (b"100", b"200", b"202", b"303", b"400", b"401", b"403", b"404", b"405",
                                                        b"413", b"415", b"422", b"429"), answer[:300]  # fmt: skip


FIELDS = st.dictionaries(st.sampled_from((*PROSPECT, "day", "csrf", "base_age", "kept_age", "next", "key")), TEXT, max_size=30)


@given(fields=FIELDS, path=st.sampled_from(("/score", "/score/what-if", "/login")))
@settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_no_form_makes_the_service_fail(signed_in: httpx.Client, fields: dict[str, str], path: str) -> None:
    answer = signed_in.post(path, data=fields)
    assert answer.status_code < 500, answer.text


@pytest.fixture(scope="module")
def signed_in(served: Running, key: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, timeout=30) as browser:
        browser.post("/login", data={"key": key})
        token = browser.get("/score").text.split('name="csrf" content="')[1].split('"')[0]
        browser.headers["X-CSRF-Token"] = token
        yield browser


def test_uploads_that_are_received_at_a_time_are_bounded(platform: Platform, key: str) -> None:
    with running(platform, max_open_files=2) as server, ExitStack() as lines:
        head = f"POST /api/v1/files HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {key}\r\nContent-Length: 10000\r\n"
        for _ in range(2):
            lines.enter_context(connected(server)).sendall(
                f"{head}Content-Type: multipart/form-data; boundary=x\r\n\r\n".encode()
            )
        wait_for(lambda: server.service.store is not None)
        refused: Any = None
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and (refused is None or refused.status_code != 503):
            refused = httpx.post(
                f"{server.url}/api/v1/files", headers={"X-API-Key": key}, files={"file": ("a.csv", csv_of(people(1)))}
            )
        check(refused, 503, "unavailable")


def test_a_key_file_that_cannot_be_read_is_said_and_seen(
    platform: Platform, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    with running(platform) as server:
        path: Path = server.service.identity.keys.path
        content = path.read_bytes()
        try:
            path.write_text("{")
            headers = {"X-API-Key": key, "X-Request-Id": "from-the-caller.1"}
            told = check(httpx.get(f"{server.url}/api/v1/model", headers=headers), 503, "unavailable")
            assert str(path) not in str(told)
            ready = check(httpx.get(f"{server.url}/readyz"), 503, "unavailable")
            assert "keys cannot be read" in ready["detail"]
            assert str(path) not in str(ready)
            assert f"{path} cannot be read as API keys" in caplog.text
        finally:
            path.write_bytes(content)
        assert httpx.get(f"{server.url}/readyz").status_code == 200
