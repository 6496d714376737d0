"""The record of predictions: one immutable object a request, found by the prediction's id without an index."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from bank_marketing.artifacts import ArtifactStore
from bank_marketing.errors import ArtifactMissing

FOLDER = "predictions"

_ID = re.compile(r"(\d{4}-\d{2}-\d{2})-([0-9a-f]+)-(\d+)")


class PredictionRecord(BaseModel):
    """One prediction: when, by which model, on which input and features, what came out, who asked."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    prediction_id: str
    at: datetime
    source: Literal["api", "batch", "file"]
    contact_id: str | None
    model_version: int
    model_digest: str
    input_digest: str
    features_digest: str
    probability: float
    threshold: float
    decision: bool
    day: date
    who: str


class PredictionLog:
    """Predictions in an artifact store."""

    def __init__(self, store: ArtifactStore) -> None:
        self.store = store

    def append(self, records: Sequence[PredictionRecord]) -> None:
        """Write the predictions of one request. Raises StoreUnavailable."""
        found = _ID.fullmatch(records[0].prediction_id)
        assert found is not None
        content = "[" + ",\n".join(record.model_dump_json() for record in records) + "]\n"
        self.store.write_bytes(self.store.uri(FOLDER, found[1], f"{found[2]}.json"), content.encode(), if_absent=True)

    def get(self, prediction_id: str) -> PredictionRecord:
        """One prediction. Raises ArtifactMissing when there is none with this id."""
        found = _ID.fullmatch(prediction_id)
        uri = self.store.uri(FOLDER, found[1], f"{found[2]}.json") if found else ""
        if found and self.store.exists(uri):
            for entry in json.loads(self.store.read_bytes(uri)):
                if entry["prediction_id"] == prediction_id:
                    return PredictionRecord.model_validate(entry)
        raise ArtifactMissing(f"there is no prediction {prediction_id}")
