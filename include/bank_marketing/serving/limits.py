"""How often one caller may ask: a token bucket a caller, in bounded memory."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

#: Callers that are remembered; the one that was silent longest is forgotten first, its bucket was the fullest.
MAX_CALLERS = 10_000


@dataclass(frozen=True)
class Allowance:
    """What a caller may ask for a minute, and has left: seconds to wait (0: go on), whole requests, seconds until all are back."""

    per_minute: int
    wait: float
    remaining: int
    full_in: int


class RateLimiter:
    """Lets each caller make `per_minute` requests a minute, in bursts of at most as many."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, caller: str) -> Allowance:
        """Take a token, when there is one."""
        now, rate = self._clock(), self.per_minute / 60
        with self._lock:
            tokens, last = self._buckets.pop(caller, (float(self.per_minute), now))
            tokens = min(float(self.per_minute), tokens + (now - last) * rate)
            wait = 0.0 if tokens >= 1 else (1 - tokens) / rate
            tokens -= not wait
            self._buckets[caller] = (tokens, now)
            if len(self._buckets) > MAX_CALLERS:
                self._buckets.popitem(last=False)
        return Allowance(self.per_minute, wait, int(tokens), math.ceil((self.per_minute - tokens) / rate))
