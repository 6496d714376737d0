"""Closed-loop load: each connection sends its next request when the answer is there."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Measured:
    """What came of a load. Latencies in seconds."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    failed: int = 0

    @property
    def per_second(self) -> float:
        """Answered requests a second."""
        return len(self.latencies) / self.seconds

    def quantile(self, share: float) -> float:
        """Latency that this share of the requests did not exceed, in milliseconds."""
        ranked = sorted(self.latencies)
        return 1000 * ranked[min(len(ranked) - 1, int(share * len(ranked)))]


@dataclass(frozen=True)
class Target:
    """An address that is asked, and with what."""

    url: str
    body: bytes
    headers: Mapping[str, str]

    def connect(self) -> http.client.HTTPConnection:
        """A connection that is kept open."""
        parts = urlsplit(self.url)
        assert parts.hostname is not None
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=120)

    def ask(self, connection: http.client.HTTPConnection) -> tuple[int, bytes]:
        """Send the request once."""
        connection.request("POST", urlsplit(self.url).path, self.body, {"Content-Type": "application/json", **self.headers})
        answer = connection.getresponse()
        return answer.status, answer.read()


def apply_load(
    target: Target,
    connections: int,
    *,
    seconds: float,
    requests: int = 10**9,
    see: Callable[[bytes], None] = lambda answer: None,
) -> Measured:
    """Ask for some seconds, or until that many requests were answered.

    Args:
        target: what is asked.
        connections: that ask at the same time.
        seconds: after which no new request is sent.
        requests: after which no new request is sent.
        see: looks at every answer.
    """
    found, lock = Measured(), threading.Lock()
    started = time.perf_counter()

    def work() -> None:
        connection = target.connect()
        while time.perf_counter() - started < seconds and len(found.latencies) < requests:
            sent = time.perf_counter()
            try:
                status, answer = target.ask(connection)
            except (OSError, http.client.HTTPException):
                status, answer = 0, b""
                connection.close()
            took = time.perf_counter() - sent
            with lock:
                found.failed += status != 200
                if status == 200:
                    found.latencies.append(took)
            see(answer)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found.seconds = time.perf_counter() - started
    return found
