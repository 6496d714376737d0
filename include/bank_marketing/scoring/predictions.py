"""The record of predictions: one immutable object a request, found by the prediction's id without an index."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bank_marketing.artifacts import ArtifactStore
from bank_marketing.artifacts.manifest import digest_of, scalar_json
from bank_marketing.column_text import content, json_values, lines
from bank_marketing.errors import ArtifactMissing, ConfigError

if TYPE_CHECKING:
    import pyarrow as pa

FOLDER = "predictions"

#: Objects that one page of predictions reads.
MOST_READ = 200

_ID = re.compile(r"(\d{4}-\d{2}-\d{2})-([0-9a-z]+)-(\d+)")


class PredictionRecord(BaseModel):
    """One prediction: when, by which model, on which input and features, what came out, who asked."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    prediction_id: str = Field(description="<YYYY-MM-DD>-<request id>-<number in the request>")
    at: datetime
    source: Literal["api", "batch", "file"]
    contact_id: str | None
    model_version: int
    model_digest: str
    input_digest: str = Field(description="digest of the attributes that were scored")
    features_digest: str = Field(description="content digest of the features artifact with the campaign's counts")
    probability: float
    threshold: float
    call_cost: float | None = Field(default=None, description="price that the threshold follows; None in records before 0.2")
    deposit_margin: float | None = None
    decision: bool
    day: date = Field(description="of the call")
    who: str
    scores_uri: str = Field(default="", description="artifact of the batch run that made it")
    hindsight: bool = Field(
        default=False, description="the model had learned the day's own outcomes: a re-made list, no forecast"
    )
    contract: str = Field(default="", description="digest of the data contract; a batch's stands in the manifest of its scores")
    code_version: str = Field(default="", description="of the code with its rules and sentences; a batch's stands there too")
    record_digest: str = Field(default="", description="of all that stands above; a batch's record is compared with its scores")

    def sealed(self) -> PredictionRecord:
        """The record with the digest of its content."""
        return self.model_copy(update={"record_digest": self.content_digest()})

    def sealed_json(self, own: Sequence[dict[str, str | float | bool | None]]) -> list[str]:
        """The sealed records of one request's clients as JSON, of which this is one: what all have in common is written once.

        `own`: of each client the same fields, those in which it differs, in JSON's types.
        """
        common = self._content()
        names = sorted(common)
        members = [f"{scalar_json(name)}:{scalar_json(common[name])}" for name in names]
        places = [(name, names.index(name), f"{scalar_json(name)}:") for name in own[0]]
        written = []
        for fields in own:
            for name, place, key in places:
                members[place] = key + scalar_json(fields[name])
            content = ",".join(members)  # what `content_digest` digests
            digest = hashlib.sha256(f"{{{content}}}".encode()).hexdigest()
            written.append(f'{{{content},"record_digest":"{digest}"}}')
        return written

    def content_digest(self) -> str:
        """sha256 of all fields but `record_digest`."""
        return digest_of(self._content())

    def _content(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude={"record_digest"})


class PredictionLog:
    """Predictions in an artifact store."""

    def __init__(self, store: ArtifactStore) -> None:
        """Nothing is read yet."""
        self.store = store

    def append(self, records: Sequence[PredictionRecord]) -> bool:
        """Write the predictions of one request, or of one part of a batch, as one object.

        Returns:
            Whether they were written now; written again (a retried task), the object that is there stays.

        Raises:
            ConfigError: they are of different requests, or an id is not of the form above.
            StoreUnavailable: the store refuses the write.
        """
        if not records:
            return False
        if len({self._uri(record.prediction_id) for record in records}) > 1:
            raise ConfigError(f"predictions of one request share its id; {records[0].prediction_id!r} and the others do not")
        return self.append_json(records[0].prediction_id, [record.model_dump_json() for record in records])

    def append_json(self, prediction_id: str, records: Sequence[str]) -> bool:
        """As `append`, of records that are JSON already, of the request that `prediction_id` is of."""
        place = self._uri(prediction_id)
        if place is None:
            raise ConfigError(f"{prediction_id!r} is no id of a prediction")
        content = "[" + ",\n".join(records) + "]\n"
        return self.store.write_bytes(place, content.encode(), if_absent=True)

    def append_columns(self, first: PredictionRecord, own: pa.RecordBatch) -> bool:
        """As `append`, to the last byte, the records of many clients who have most in common: nothing is made for each of them.

        Args:
            first: of the records.
            own: of each client, the first one too, the fields in which they differ; `prediction_id` is one of them.

        Returns:
            Whether they were written now.

        Raises:
            ConfigError: their ids are not those of one request.
            StoreUnavailable: the store refuses the write.
        """
        import pyarrow.compute as pc

        place, request = self._uri(first.prediction_id), first.prediction_id.rpartition("-")[0]
        if place is None or not pc.all(pc.match_substring_regex(own["prediction_id"], rf"^{request}-\d+\z")).as_py():
            raise ConfigError(f"predictions of one request share its id; {first.prediction_id!r} and the others do not")
        parts: list[pa.Array | str] = []
        for name in PredictionRecord.model_fields:
            if name in own.schema.names:
                parts += [f'{"," if parts else "{"}"{name}":', json_values(own[name])]
            else:
                parts.append(("," if parts else "{") + first.model_dump_json(include={name})[1:-1])
        return self.store.write_bytes(place, b"[%b]\n" % content(lines(parts, "},\n"))[:-2], if_absent=True)

    def get(self, prediction_id: str) -> PredictionRecord:
        """One prediction. Raises ArtifactMissing when there is none with this id."""
        uri = self._uri(prediction_id)
        if uri is not None and self.store.exists(uri):
            for entry in json.loads(self.store.read_bytes(uri)):
                if entry["prediction_id"] == prediction_id:
                    return PredictionRecord.model_validate(entry)
        raise ArtifactMissing(f"there is no prediction {prediction_id!r}")

    def page(self, day: date, who: str, limit: int, after: str = "") -> tuple[list[PredictionRecord], str]:
        """Somebody's predictions of a day, in the order of their ids.

        Args:
            day: that their ids begin with: of the request, in UTC.
            who: asked for them.
            limit: how many at most.
            after: id of a prediction; only those behind it.

        Returns:
            The predictions (fewer than `limit` when MOST_READ objects were looked at), and the id to go on after; empty at the end.
        """
        start, last = self._uri(after) or "", after
        found: list[PredictionRecord] = []
        objects = (uri for uri in self.store.list_files(self.store.uri(FOLDER, day.isoformat())) if uri >= start)
        for number, uri in enumerate(objects):
            if number == MOST_READ:
                return found, last
            for record in self._behind(uri, after if uri == start else ""):
                if len(found) == limit:
                    return found, last
                last = record.prediction_id
                if record.who == who:
                    found.append(record)
        return found, ""

    def _behind(self, uri: str, after: str) -> list[PredictionRecord]:
        records = [PredictionRecord.model_validate(entry) for entry in json.loads(self.store.read_bytes(uri))]
        ids = [record.prediction_id for record in records]
        return records[ids.index(after) + 1 :] if after in ids else records

    def _uri(self, prediction_id: str) -> str | None:
        found = _ID.fullmatch(prediction_id)
        return self.store.uri(FOLDER, found[1], f"{found[2]}.json") if found else None
