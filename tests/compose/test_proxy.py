"""One line in `.env`, and https stands in front of the service."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Iterator

import httpx
import pytest

from tests.compose.stack import Stack

log = logging.getLogger(__name__)


@pytest.fixture(scope="module")
def proxied(stack: Stack) -> Iterator[Stack]:
    """The stack with the profile `proxy`; without it again at the end."""
    before = stack.dotenv.read_text(encoding="utf-8")
    stack.dotenv.write_text(f"{before}COMPOSE_PROFILES=proxy\n", encoding="utf-8")
    try:
        told, seconds = stack.up()
        log.info("make up with the profile proxy: %.0f s", seconds)
        assert f"https://localhost:{stack.ports['PLATFORM_PROXY_PORT']}" in told
        yield stack
    finally:
        stack.compose("--profile", "proxy", "rm", "--stop", "--force", "proxy")
        stack.dotenv.write_text(before, encoding="utf-8")


@pytest.fixture(scope="module")
def https(proxied: Stack) -> Iterator[httpx.Client]:
    """A client that trusts the proxy's own authority."""
    root = proxied.inside("proxy", "cat", "/var/lib/bank/proxy/caddy/pki/authorities/local/root.crt")
    base = f"https://localhost:{proxied.ports['PLATFORM_PROXY_PORT']}"
    with httpx.Client(base_url=base, verify=ssl.create_default_context(cadata=root), timeout=60) as client:
        yield client


def test_the_service_answers_through_it(https: httpx.Client, proxied: Stack) -> None:
    answer = https.get("/readyz")
    assert answer.status_code in (200, 503)
    assert answer.headers["Strict-Transport-Security"]
    assert https.get("/api/v1/model").status_code == 401
    key = {"Authorization": f"Bearer {proxied.secrets['PLATFORM_API_KEY']}"}
    assert https.get("/api/v1/model", headers=key).status_code in (200, 503)


def test_a_session_cookie_goes_over_https_only(https: httpx.Client, proxied: Stack) -> None:
    https.get("/login")
    assert [cookie.secure for cookie in https.cookies.jar if "session" in cookie.name] in ([], [True])


def test_who_sends_a_request_by_drops_is_cut_off(proxied: Stack) -> None:
    """Ten seconds for the header: the socket ends, and the service has seen nothing of it."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    address = ("localhost", proxied.ports["PLATFORM_PROXY_PORT"])
    with (
        socket.create_connection(address, timeout=30) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        assert connection.recv(1) == b""
