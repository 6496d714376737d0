"""Sent lists on disk: accepted once and for all, worked on by one process at a time, gone after their time.

Below `files/<id>` lie the job as it was accepted, the list as it was sent, its status, and a lease for each process that took it up:
the holder of the newest lease works on it. A lease that nobody renews, or whose process is gone, may be taken over.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from bank_marketing.artifacts import ArtifactStore
from bank_marketing.artifacts.ids import time_of
from bank_marketing.errors import ArtifactMissing
from bank_marketing.scoring.state import CampaignState
from bank_marketing.serving.leases import INSTANCE, Lease, new_lease
from bank_marketing.serving.schemas import FileStatus

FOLDER = "files"
JOB, CONTENT, STATUS = "job.json", "list", "status.json"

Kind = TypeVar("Kind", bound=BaseModel)

log = logging.getLogger(__name__)


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Job(_Stored):
    """What was accepted: the list by its digest, and the model and the campaign's counts that it is scored with, whatever comes."""

    file_id: str
    owner: str
    who: str
    name: str
    day: date
    list_size: int | None
    sha256: str
    model_version: int
    model_digest: str
    state: CampaignState


class Jobs:
    """The sent lists of a store."""

    def __init__(self, store: ArtifactStore, retention: timedelta) -> None:
        self.store, self.retention = store, retention

    def accept(self, job: Job, content: bytes, status: FileStatus) -> None:
        """Keep a list so that it will be finished: the status comes last, and with it the list is accepted."""
        self.write(job.file_id, CONTENT, content)
        self.write(job.file_id, JOB, job.model_dump_json().encode())
        self.claim(job.file_id)
        self.keep(status)

    def expired(self, file_id: str) -> bool:
        """Whether a list's time is over, or its id was never given."""
        created = time_of(file_id)
        return created is None or datetime.now(UTC) >= created + self.retention

    def job(self, file_id: str) -> Job | None:
        """A list that was accepted and whose time is not over."""
        return None if self.expired(file_id) else self._read(file_id, JOB, Job)

    def status(self, file_id: str) -> FileStatus | None:
        """How far a list is; None when it was not accepted or its time is over."""
        return None if self.expired(file_id) else self._read(file_id, STATUS, FileStatus)

    def keep(self, status: FileStatus) -> None:
        """Write down how far a list is."""
        self.write(status.file_id, STATUS, status.model_dump_json().encode())

    def write(self, file_id: str, name: str, content: bytes) -> None:
        """Write one of a list's files."""
        self.store.write_bytes(self.uri(file_id, name), content)

    def uri(self, file_id: str, name: str) -> str:
        """Where one of a list's files lies."""
        return self.store.uri(FOLDER, file_id, name)

    def content(self, file_id: str, name: str) -> bytes:
        """One of a list's files. Raises ArtifactMissing."""
        return self.store.read_bytes(self.uri(file_id, name))

    def accepted(self, without: Collection[str] = (), before: str | None = None) -> Iterator[tuple[Job, FileStatus]]:
        """All lists whose time is not over, newest first, but for those that are named; or only those sent before one of them."""
        for file_id in sorted(self._ids() - set(without), reverse=True):
            if before is not None and file_id >= before:
                continue
            job, status = self.job(file_id), self.status(file_id)
            if job is not None and status is not None:
                yield job, status

    def claim(self, file_id: str) -> bool:
        """Take a list up, unless another process works on it. Of several that try at once, one does."""
        number, newest = self._newest_lease(file_id)
        if newest is not None and newest.holds:
            return False
        return self.store.write_bytes(
            self._lease_uri(file_id, number + 1), new_lease().model_dump_json().encode(), if_absent=True
        )

    def renew(self, file_id: str, *, released: bool = False) -> bool:
        """Say that this process still works on a list, or `released`: no longer. False when another one took it over."""
        number, newest = self._newest_lease(file_id)
        if newest is None or newest.instance != INSTANCE:
            return False
        self.store.write_bytes(self._lease_uri(file_id, number), new_lease(released=released).model_dump_json().encode())
        return True

    def purge(self) -> None:
        """Remove lists whose time is over: they hold client data."""
        for file_id in self._ids():
            if self.expired(file_id):
                self.store.remove(self.store.uri(FOLDER, file_id))

    def _ids(self) -> set[str]:
        base = self.store.uri(FOLDER) + "/"
        return {uri.removeprefix(base).split("/")[0] for uri in self.store.list_files(self.store.uri(FOLDER))}

    def _newest_lease(self, file_id: str) -> tuple[int, Lease | None]:
        number = 0
        while self.store.exists(self._lease_uri(file_id, number + 1)):
            number += 1
        return number, self._read(file_id, f"lease-{number}.json", Lease) if number else None

    def _lease_uri(self, file_id: str, number: int) -> str:
        return self.uri(file_id, f"lease-{number}.json")

    def _read(self, file_id: str, name: str, kind: type[Kind]) -> Kind | None:
        """A file of a list; None when it is not there, or broken: one list's fault is no other's."""
        try:
            return kind.model_validate_json(self.content(file_id, name))
        except ArtifactMissing:
            return None
        except ValidationError:
            log.error("%s of the sent list %s cannot be read", name, file_id)
            return None
