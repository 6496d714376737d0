"""The HTTP server in front of the app: uvicorn, with what a stranger's connections may cost."""

from __future__ import annotations

import asyncio
import gc
import itertools
import socket
from typing import Any, ClassVar

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from bank_marketing.serving.settings import ApiSettings

#: Request line and headers together; a cookie and a key take less than one KB.
MAX_HEADER_BYTES = 64 * 1024

_FULL = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nretry-after: 5\r\nconnection: close\r\n\r\n"


def server_config(app: FastAPI, api: ApiSettings) -> uvicorn.Config:
    """How uvicorn serves the app."""
    limits = {"max_connections": api.max_connections, "header_timeout": api.header_timeout_seconds}
    bounded: type[asyncio.Protocol] = type("BoundedProtocol", (BoundedProtocol,), limits)
    return uvicorn.Config(
        app,
        host=api.host,
        port=api.port,
        http=bounded,
        log_config=None,  # access_log.configure has one form for all lines
        log_level="warning",
        access_log=False,  # the service writes its own line, without query strings
        server_header=False,
        proxy_headers=bool(api.trusted_proxies),
        forwarded_allow_ips=api.trusted_proxies or None,
        timeout_keep_alive=api.keep_alive_seconds,
        timeout_graceful_shutdown=int(api.request_timeout_seconds) + 1,
    )


class Server(uvicorn.Server):
    """uvicorn's server in a process of its own."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then take the libraries and the model out of the collector's reach: walking them stopped answers for .1 s and more."""
        await super().startup(sockets)
        gc.collect()
        gc.freeze()


class BoundedProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # uvicorn chooses it at import
    """uvicorn's protocol, which has no bound of its own on connections and none on the time that headers take."""

    max_connections: ClassVar[int]
    header_timeout: ClassVar[float]
    numbers = itertools.count()

    def connection_made(self, transport: Any) -> None:
        """Bound the connections and the time until the first request."""
        super().connection_made(transport)
        self.number = next(self.numbers)
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._wait_for_head()
        if len(self.connections) > self.max_connections and not self._make_room():
            self.transport.write(_FULL)
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the timer."""
        self._head_complete()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bound the size and the time of a request's headers."""
        waiting = not self.in_progress
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self.in_progress:
            self._head_complete()
        elif waiting:
            self._wait_for_head()
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEADER_BYTES:
                self.transport.close()

    @property
    def in_progress(self) -> bool:
        """Whether a request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def can_go(self) -> bool:
        """Whether nobody who is known waits for an answer: no request yet, or a stranger who has not sent all of it."""
        if not self.in_progress:
            return True
        return bool(self.cycle.more_body and not self.cycle.scope.get("state", {}).get("known"))

    def _make_room(self) -> bool:
        """Hang up the oldest connection that can go."""
        others = (entry for entry in self.connections if entry is not self and not entry.transport.is_closing())
        oldest = min((entry for entry in others if entry.can_go), key=lambda entry: entry.number, default=None)
        if oldest is not None:
            oldest.transport.abort()
        return oldest is not None

    def _wait_for_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.header_timeout, self._head_overdue)

    def _head_complete(self) -> None:
        self._head_bytes = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_overdue(self) -> None:
        if not self.in_progress and not self.transport.is_closing():
            self.transport.close()
