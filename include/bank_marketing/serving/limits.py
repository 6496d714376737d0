"""How often one caller may ask: a token bucket a caller, in bounded memory."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

#: Callers that are remembered; the one that was silent longest is forgotten first, its bucket was the fullest.
MAX_CALLERS = 10_000


class RateLimiter:
    """Lets each caller make `per_minute` requests a minute, in bursts of at most as many."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, caller: str) -> float:
        """Take a token; 0 when there was one, else the seconds until there will be."""
        now, rate = self._clock(), self.per_minute / 60
        with self._lock:
            tokens, last = self._buckets.pop(caller, (float(self.per_minute), now))
            tokens = min(float(self.per_minute), tokens + (now - last) * rate)
            allowed = tokens >= 1
            self._buckets[caller] = (tokens - 1 if allowed else tokens, now)
            if len(self._buckets) > MAX_CALLERS:
                self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - tokens) / rate
