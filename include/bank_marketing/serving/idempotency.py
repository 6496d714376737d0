"""`Idempotency-Key`: a request that is sent again within a day gets the answer that was given, and nothing goes on record twice.

Below `answers/<day>` lies one object a key: first the claim of the process that works on the request, with the id that its records will
have, then the answer. Whoever takes a lost claim up uses that id again, so what is on record already stays as it is.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from fastapi import Header
from pydantic import BaseModel, ConfigDict, ValidationError

from bank_marketing.artifacts import ArtifactStore
from bank_marketing.artifacts.manifest import digest_of
from bank_marketing.errors import ArtifactMissing
from bank_marketing.serving.leases import Lease, new_lease
from bank_marketing.serving.problems import ProblemError

FOLDER = "answers"

#: Header of an answer to a request with a key: whether it was given before.
REPLAYED = "Idempotency-Replayed"

#: An answer is given again for so long.
KEPT = timedelta(hours=24)

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]+$",
        description="a value of your own, such as a UUID: the same request sent again with it gets the same answer for 24 hours",
    ),
]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """A request with a key: whose, on which route, with what."""

    key: str
    caller: str
    route: str
    content: Any

    @property
    def name(self) -> str:
        """Names the caller's key on this route."""
        return digest_of([self.caller, self.route, self.key])


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    asked: str
    at: datetime
    record: str
    lease: Lease
    answer: str = ""


class Answers:
    """The answers of the last day to requests with a key."""

    def __init__(self, store: ArtifactStore) -> None:
        self.store = store
        self._swept: date | None = None

    def once(self, asked: Asked, work: Callable[[str], bytes]) -> tuple[bytes, bool]:
        """The answer to a request, worked out once.

        Args:
            asked: the request.
            work: answers it, in JSON; its argument is what the ids of its records begin with.

        Returns:
            The answer, and whether it was given before.

        Raises:
            ProblemError: key-reused, conflict (it is being answered), and whatever `work` raises; then the key is free again.
        """
        digest = digest_of(asked.content)
        place, known = self._known(asked.name)
        if known is not None and known.asked != digest:
            message = "This Idempotency-Key was sent with another request within 24 hours. Take a new key for a new request."
            raise ProblemError("key-reused", message)
        if known is not None and known.answer:
            return known.answer.encode(), True
        mine = self._claim(place, known, digest)
        try:
            answer = work(mine.record)
        except BaseException:
            if self._read(place) == mine:
                self.store.remove(place)
            raise
        self._write(place, mine.model_copy(update={"answer": answer.decode()}))
        return answer, False

    def sweep(self) -> None:
        """Remove the answers of days that are over; once a day is enough."""
        today = datetime.now(UTC).date()
        if self._swept == today:
            return
        base = self.store.uri(FOLDER) + "/"
        days = {uri.removeprefix(base).split("/")[0] for uri in self.store.list_files(self.store.uri(FOLDER))}
        for day in days - {self._day(0), self._day(1)}:
            self.store.remove(base + day)
        self._swept = today

    def _known(self, name: str) -> tuple[str, _Entry | None]:
        """What was kept under a name within the time, and where; else where it will be."""
        places = [self.store.uri(FOLDER, self._day(ago), f"{name}.json") for ago in (0, 1)]
        for place in places:
            entry = self._read(place)
            if entry is not None and datetime.now(UTC) - entry.at < KEPT:
                return place, entry
        return places[0], None

    def _claim(self, place: str, lost: _Entry | None, digest: str) -> _Entry:
        """Take a request up; `lost` is the claim of a process that is gone."""
        now = datetime.now(UTC)
        mine = _Entry(asked=digest, at=now, record=f"{now:%Y-%m-%d}-{secrets.token_hex(8)}", lease=new_lease())
        if lost is None:
            taken = self.store.write_bytes(place, mine.model_dump_json().encode(), if_absent=True)
        else:
            taken, mine = not lost.lease.holds, mine.model_copy(update={"at": lost.at, "record": lost.record})
            if taken:
                self._write(place, mine)
        if not taken:
            message = "A request with this Idempotency-Key is being answered. Send it again in a moment."
            raise ProblemError("conflict", message, headers={"Retry-After": "1"})
        return mine

    def _read(self, place: str) -> _Entry | None:
        try:
            return _Entry.model_validate_json(self.store.read_bytes(place))
        except ArtifactMissing:
            return None
        except ValidationError:
            log.error("%s cannot be read and is removed: its request would be answered anew", place)
            self.store.remove(place)
            return None

    def _write(self, place: str, entry: _Entry) -> None:
        self.store.write_bytes(place, entry.model_dump_json().encode())

    @staticmethod
    def _day(ago: int) -> str:
        return (datetime.now(UTC) - timedelta(days=ago)).date().isoformat()
