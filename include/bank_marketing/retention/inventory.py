"""What there is: runs with their artifacts, objects of the prediction log, published call lists, kept mails, leftovers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

from bank_marketing.artifacts import ArtifactStore, Manifest
from bank_marketing.artifacts.ids import time_of
from bank_marketing.artifacts.store import MANIFEST
from bank_marketing.components.context import RUNS
from bank_marketing.scoring.predictions import FOLDER as PREDICTIONS
from bank_marketing.scoring.predictions import PredictionRecord

CALL_LISTS, MAIL, SENT_LISTS, ANSWERS = "call_lists", "mail", "files", "answers"

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MAIL_STAMP = re.compile(r"\d{8}T\d{12}")


@dataclass
class StoredRun:
    """One run: `<root>/runs/<dag>/<as_of>/<run>`, with the manifests of what it published."""

    uri: str
    manifests: list[Manifest] = field(default_factory=list)
    failed_at: list[datetime] = field(default_factory=list)

    @property
    def dag_id(self) -> str:
        """The DAG it is of."""
        return self.uri.rsplit("/", 3)[1]

    @property
    def made(self) -> datetime | None:
        """When it last published or failed; None when nothing says so."""
        return max([*(manifest.created_at for manifest in self.manifests), *self.failed_at], default=None)

    @property
    def size(self) -> int:
        """Bytes of its artifacts."""
        return sum(entry.size for manifest in self.manifests for entry in manifest.files)


@dataclass(frozen=True)
class StoredPredictions:
    """One object of the prediction log, by its first record: all of an object are of one request."""

    uri: str
    first: PredictionRecord
    size: int

    @property
    def request(self) -> str:
        """What the ids of all its predictions begin with."""
        return self.first.prediction_id.rpartition("-")[0]


class Inventory:
    """What a store holds. Each part is read once, when it is first asked for."""

    def __init__(self, store: ArtifactStore) -> None:
        """Nothing is read yet."""
        self.store = store

    @cached_property
    def runs(self) -> dict[str, StoredRun]:
        """All runs by URI."""
        found: dict[str, StoredRun] = {}
        for uri in self.store.list_files(self.store.uri(RUNS)):
            place = self.run_of(uri)
            run = found.setdefault(place, StoredRun(place))
            if uri.endswith(f"/{MANIFEST}") and uri.count("/") == place.count("/") + 2:
                run.manifests.append(self.store.manifest(uri.removesuffix(f"/{MANIFEST}")))
            elif uri.startswith(f"{place}/errors/"):
                moment = json.loads(self.store.read_bytes(uri)).get("at")
                run.failed_at += [datetime.fromisoformat(moment)] if moment else []
        return found

    def run_of(self, uri: str) -> str:
        """The run that something below `runs` belongs to; empty for what lies elsewhere."""
        base = self.store.uri(RUNS) + "/"
        parts = uri.removeprefix(base).split("/")
        return base + "/".join(parts[:3]) if uri.startswith(base) and len(parts) >= 3 else ""

    @cached_property
    def predictions(self) -> list[StoredPredictions]:
        """All objects of the prediction log."""
        return [self._predictions(uri) for uri in self.store.list_files(self.store.uri(PREDICTIONS)) if uri.endswith(".json")]

    def _predictions(self, uri: str) -> StoredPredictions:
        content = self.store.read_bytes(uri)
        return StoredPredictions(uri, PredictionRecord.model_validate(json.loads(content)[0]), len(content))

    def call_lists(self) -> Iterator[Manifest]:
        """The manifests of published call lists."""
        for uri in self.store.list_files(self.store.uri(CALL_LISTS)):
            if uri.endswith(f"/{MANIFEST}"):
                yield self.store.manifest(uri.removesuffix(f"/{MANIFEST}"))

    def mails(self) -> Iterator[tuple[str, datetime]]:
        """Mails that could not be sent, with the moment in their name."""
        for uri in self.store.list_files(self.store.uri(MAIL)):
            found = _MAIL_STAMP.match(uri.rpartition("/")[2])
            if found:
                yield uri, datetime.strptime(found[0], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)

    def sent_lists(self) -> Iterator[tuple[str, datetime]]:
        """Lists that were sent to the service, with the moment they were; one whose moment nobody knows is as old as can be."""
        base = self.store.uri(SENT_LISTS) + "/"
        for name in sorted({uri.removeprefix(base).split("/")[0] for uri in self.store.list_files(self.store.uri(SENT_LISTS))}):
            yield base + name, time_of(name) or datetime.fromtimestamp(0, UTC)

    def answers(self) -> Iterator[tuple[str, datetime]]:
        """Answers that the service keeps for requests that are sent again, a day a folder, with the end of that day."""
        base = self.store.uri(ANSWERS) + "/"
        for day in sorted({uri.removeprefix(base).split("/")[0] for uri in self.store.list_files(self.store.uri(ANSWERS))}):
            if _DAY.fullmatch(day):
                yield base + day, datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=1)

    def leftovers(self) -> Iterator[tuple[str, datetime, int]]:
        """Stages of tries that were killed, and of those at work."""
        yield from self.store.leftovers()
