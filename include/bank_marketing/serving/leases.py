"""Who works on something now: a process that says so, until it is done, gone, or silent for too long."""

from __future__ import annotations

import os
import secrets
import socket
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict

#: A lease that was not renewed for so long is nobody's.
LOST_AFTER = timedelta(seconds=60)

#: This process among those that had its host and number before.
INSTANCE = secrets.token_hex(8)


class Lease(BaseModel):
    """A process at work, and when it was last heard of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str
    process: int
    instance: str
    seen_at: datetime
    released: bool = False

    @property
    def holds(self) -> bool:
        """Whether its process still works on it."""
        if self.released or datetime.now(UTC) - self.seen_at > LOST_AFTER:
            return False
        return self.host != socket.gethostname() or self.instance == INSTANCE or _lives(self.process)


def new_lease(*, released: bool = False) -> Lease:
    """This process, now; `released`: it works on it no longer."""
    now = datetime.now(UTC)
    return Lease(host=socket.gethostname(), process=os.getpid(), instance=INSTANCE, seen_at=now, released=released)


def _lives(process: int) -> bool:
    """Whether a process of this host that is not this one lives; one of our number had it before us."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
