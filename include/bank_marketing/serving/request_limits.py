"""Around every request: an id, bounded size and time, security headers, measures, one log line without client data."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
import traceback
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bank_marketing.serving.measures import Measures
from bank_marketing.serving.problems import problem_response
from bank_marketing.serving.settings import ApiSettings, is_loopback

#: Nothing from elsewhere, no inline script or style, no framing.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

#: Where files are received: other bounds hold there.
UPLOADS = ("/api/v1/files", "/list")

log = logging.getLogger(__name__)


class RequestLimits:
    """The outermost layer of the app."""

    def __init__(self, app: ASGIApp, api: ApiSettings, measures: Measures) -> None:
        self.app, self.api, self.measures = app, api, measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; everything else (lifespan) passes through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["request_id"] = secrets.token_hex(8)
        exchange = _Exchange(scope, receive, send, self._max_bytes(scope), secure=self.api.secure_cookie)
        started = time.perf_counter()
        try:
            await self._answer(exchange)
        finally:
            self._record(scope, exchange.status, time.perf_counter() - started)

    def _is_upload(self, scope: Scope) -> bool:
        return scope["method"] == "POST" and scope["path"] in UPLOADS

    def _max_bytes(self, scope: Scope) -> int:
        return self.api.max_file_bytes if self._is_upload(scope) else self.api.max_body_bytes

    async def _answer(self, exchange: _Exchange) -> None:
        scope = exchange.scope
        refusal = self._refusal(scope, exchange.max_bytes)
        if refusal:
            await exchange.problem(*refusal)
            return
        seconds = self.api.upload_timeout_seconds if self._is_upload(scope) else self.api.request_timeout_seconds
        # A task and not a cancel scope: work in a thread cannot be cancelled, and the client must not wait for it.
        task = asyncio.ensure_future(self._run(exchange))
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if done or exchange.started:
            await task
            return
        await exchange.problem("timeout", f"No answer within {seconds:g} seconds. Send fewer rows, or try again.")
        exchange.closed = True
        task.cancel()

    async def _run(self, exchange: _Exchange) -> None:
        try:
            await self.app(exchange.scope, exchange.receive, exchange.send)
        except Exception as error:
            # The message may quote what a client sent: the log gets the kind and the places only.
            places = " < ".join(
                f"{frame.name}:{frame.lineno}" for frame in reversed(traceback.extract_tb(error.__traceback__)[-6:])
            )
            log.error("request %s failed: %s at %s", exchange.scope["request_id"], type(error).__name__, places)
            if not exchange.started:
                await exchange.problem("internal", "The service failed. Its log has the reason under the request's id.")

    def _refusal(self, scope: Scope, max_bytes: int) -> tuple[str, str] | None:
        headers = Headers(scope=scope)
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > max_bytes:
            return "too-large", f"At most {max_bytes:,} bytes are accepted here."
        client = scope.get("client")
        host = headers.get("host", "").rpartition(":")[0] or headers.get("host", "")
        if self.api.auth == "off" and not (client and is_loopback(client[0]) and is_loopback(host)):
            # The host too: a page of another site can be made to resolve to this machine (DNS rebinding).
            return "forbidden", "Without API keys this service answers to its own machine only."
        return None

    def _record(self, scope: MutableMapping[str, Any], status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unknown")
        if route.startswith("/static"):
            route = "/static"
        method = scope["method"] if scope["method"] in {"GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH"} else "other"
        self.measures.requests.labels(method, route, str(status)).inc()
        self.measures.latency.labels(method, route).observe(seconds)
        log.info("%s %s %s %.1f ms %s", method, route, status, seconds * 1000, scope["request_id"])


class _Exchange:
    """One request with its bounded body, and one response that starts once."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, max_bytes: int, *, secure: bool) -> None:
        self.scope, self._receive, self._send, self.max_bytes, self._secure = scope, receive, send, max_bytes, secure
        self.status, self.started, self.closed, self._received = 499, False, False, 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._received += len(message.get("body", b""))
        if self._received > self.max_bytes:
            raise HTTPException(413, f"At most {self.max_bytes:,} bytes are accepted here.")
        return message

    async def send(self, message: Message) -> None:
        if self.closed:
            return
        if message["type"] == "http.response.start":
            self.started, self.status = True, message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers["X-Request-Id"] = self.scope["request_id"]
            if self._secure:
                headers["Strict-Transport-Security"] = "max-age=31536000"
            if "cache-control" not in headers:
                headers["Cache-Control"] = "no-store"
        await self._send(message)

    async def problem(self, kind: str, detail: str) -> None:
        response = problem_response(kind, detail, self.scope["request_id"])
        await response(self.scope, self.receive, self.send)
