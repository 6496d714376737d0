"""A request either puts something on record or is answered with a timeout, never both."""

from __future__ import annotations

import threading
from contextvars import ContextVar

from bank_marketing.serving.problems import ProblemError


class Commitment:
    """Decided once: what a request asked for is put on record, or it is given up."""

    def __init__(self) -> None:
        self._decided = threading.Lock()

    def decide(self) -> bool:
        """Take the decision; False when the other side was first."""
        return self._decided.acquire(blocking=False)


#: Of the request that is being answered; none in background work, which nobody gives up.
current: ContextVar[Commitment | None] = ContextVar("commitment", default=None)


def commit() -> None:
    """To be called before a request's first write.

    Raises:
        ProblemError: timeout; the client was told that nothing is on record, so nothing may be.
    """
    commitment = current.get()
    if commitment is None:
        return
    if not commitment.decide():
        raise ProblemError("timeout", "The request took too long and was given up; nothing is on record.")
    current.set(None)
