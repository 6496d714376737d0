"""Around every request: an id, who asks, bounded size and time, measures, one log line without client data."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
import traceback
from typing import Any

import anyio
from anyio import CapacityLimiter
from starlette.datastructures import Headers
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from bank_marketing.errors import BankMarketingError
from bank_marketing.serving import access_log, commitment
from bank_marketing.serving.admission import KEPT_FORMS, LOGIN, LOGIN_BYTES, Admission, SessionOver, check_content_type
from bank_marketing.serving.exchange import Exchange
from bank_marketing.serving.measures import Measures
from bank_marketing.serving.problems import ProblemError, log_failure
from bank_marketing.serving.settings import ApiSettings

#: Where files are received: other bounds hold there.
UPLOADS = ("/api/v1/files", "/list")

#: Threads that look at sessions: never behind those that score.
ADMISSION_THREADS = 4

#: The ids of requests that callers may give.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")

_METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH"})

#: Refusals that may be an attack: the log has the address.
_SUSPECT = frozenset({401, 403, 429})

log = logging.getLogger(__name__)


class RequestLimits:
    """The outermost layer of the app."""

    def __init__(self, app: ASGIApp, api: ApiSettings, admission: Admission, measures: Measures) -> None:
        self.app, self.api, self.admission, self.measures = app, api, admission, measures
        self._threads: CapacityLimiter | None = None
        self._uploads = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; everything else (lifespan) passes through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        scope["request_id"] = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        access_log.request_id.set(scope["request_id"])
        # The app is asked for what HEAD is the head of; the server leaves the body away.
        inner = dict(scope, method="GET") if scope["method"] == "HEAD" else scope
        exchange = Exchange(inner, receive, send, self._max_bytes(scope), secure=self.api.secure_cookie)
        started = time.perf_counter()
        try:
            await self._answer(exchange)
        finally:
            self._record(scope["method"], inner, exchange.status, time.perf_counter() - started)

    def _is_upload(self, scope: Scope) -> bool:
        return scope["method"] == "POST" and scope["path"] in UPLOADS

    def _max_bytes(self, scope: Scope) -> int:
        if scope["path"] == LOGIN:
            return LOGIN_BYTES
        return self.api.max_file_bytes if self._is_upload(scope) else self.api.max_body_bytes

    async def _answer(self, exchange: Exchange) -> None:
        try:
            await self._admit(exchange)
        except ProblemError as error:
            await exchange.problem(error.kind, error.detail, error.headers)
        except SessionOver as over:
            await self._sign_in_again(exchange, known=over.known)
        except BankMarketingError as error:
            log_failure(error)
            await exchange.problem("unavailable", "Nobody can be let in at the moment; the service's log has the reason.")
        else:
            await self._in_time(exchange)

    async def _admit(self, exchange: Exchange) -> None:
        scope = exchange.scope
        length = Headers(scope=scope).get("content-length", "")
        self.admission.check_place(scope)
        if self.admission.looks_up_a_session(scope):
            self._threads = self._threads or CapacityLimiter(ADMISSION_THREADS)
            principal = await anyio.to_thread.run_sync(self.admission.principal, scope, limiter=self._threads)
        else:
            principal = self.admission.principal(scope)
        scope["principal"] = principal
        # The server hangs up on strangers first when it must make room.
        scope.setdefault("state", {})["known"] = principal is not None
        check_content_type(scope)
        if length.isdigit() and int(length) > exchange.max_bytes:
            raise ProblemError("too-large", f"At most {exchange.max_bytes:,} bytes are accepted here.")
        if self._is_upload(scope) and self._uploads >= self.api.max_open_files:
            raise ProblemError("unavailable", "Too many files are being received. Try again.", headers={"Retry-After": "10"})

    async def _sign_in_again(self, exchange: Exchange, *, known: bool) -> None:
        """Lead to the login. What somebody who was signed in filled in is kept (web.to_login); a stranger's body is not read."""
        if known and exchange.scope["path"] in KEPT_FORMS:
            exchange.max_bytes = LOGIN_BYTES
            await self._in_time(exchange)
            return
        if known and self._is_upload(exchange.scope):
            await asyncio.wait_for(exchange.drain(), self.api.upload_timeout_seconds)
        await RedirectResponse(f"{LOGIN}?next={exchange.scope['path']}", status_code=303)(
            exchange.scope, exchange.receive, exchange.send
        )

    async def _in_time(self, exchange: Exchange) -> None:
        upload = self._is_upload(exchange.scope)
        seconds = self.api.upload_timeout_seconds if upload else self.api.request_timeout_seconds
        self._uploads += upload
        # A task and not a cancel scope: work in a thread cannot be cancelled, and the client must not wait for it.
        task = asyncio.ensure_future(self._run(exchange))
        try:
            done, _ = await asyncio.wait({task}, timeout=seconds)
            if done or exchange.started or not exchange.commitment.decide():
                await task  # there is an answer, or it is being put on record: it is given
                return
            await exchange.problem(
                "timeout", f"No answer within {seconds:g} seconds, and nothing is on record. Send fewer rows, or try again."
            )
            task.cancel()
        finally:
            self._uploads -= upload

    async def _run(self, exchange: Exchange) -> None:
        commitment.current.set(exchange.commitment)
        try:
            await self.app(exchange.scope, exchange.receive, exchange.send)
        except Exception as error:
            # The message may quote what a client sent: the log gets the kind and the places only.
            places = " < ".join(
                f"{frame.name}:{frame.lineno}" for frame in reversed(traceback.extract_tb(error.__traceback__)[-6:])
            )
            log.error("a request failed: %s at %s", type(error).__name__, places)
            if not exchange.started:
                await exchange.problem("internal", "The service failed. Its log has the reason under the request's id.")

    def _record(self, method: str, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unknown")
        if route.startswith("/static"):
            route = "/static"
        method = method if method in _METHODS else "other"
        self.measures.requests.labels(method, route, str(status)).inc()
        self.measures.latency.labels(method, route).observe(seconds)
        fields: dict[str, Any] = {"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1)}
        if principal := scope.get("principal"):
            fields["who"] = principal.name
        if status in _SUSPECT and scope.get("client"):
            fields["address"] = scope["client"][0]
        log.info("request", extra=fields | {"request_id": scope["request_id"]})
