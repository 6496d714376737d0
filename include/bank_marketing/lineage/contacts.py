"""Predictions of a contact, for an auditor who knows the client's contact and not the prediction."""

from __future__ import annotations

import json
from collections.abc import Iterator

from bank_marketing.artifacts import ArtifactStore
from bank_marketing.errors import ArtifactMissing
from bank_marketing.scoring.call_list import FOLDER as CALL_LISTS
from bank_marketing.scoring.predictions import FOLDER as PREDICTIONS
from bank_marketing.scoring.predictions import PredictionLog


def find_prediction(store: ArtifactStore, wanted: str) -> tuple[str, list[str]]:
    """The prediction that an auditor means, and the other ones of the same contact.

    Args:
        store: where predictions are.
        wanted: id of a prediction, or of a contact; of a contact, the latest one that stands on a call list is meant, else the
            latest that the service made.

    Raises:
        ArtifactMissing: there is no prediction with this id and none of this contact.
    """
    try:
        return PredictionLog(store).get(wanted).prediction_id, []
    except ArtifactMissing:
        found = sorted(_on_call_lists(store, wanted)) or sorted(_on_record(store, wanted))
    if not found:
        raise ArtifactMissing(
            f"there is no prediction {wanted!r} and none of a contact with this id: it was never scored, or its record was pruned. "
            "`bank-marketing call-list` scores the newest list, and each list names its predictions (in the containers: "
            "docker compose exec airflow-scheduler bank-marketing call-list)"
        )
    return found[-1], found[:-1]


def _on_call_lists(store: ArtifactStore, contact_id: str) -> Iterator[str]:
    import pyarrow.parquet as pq

    for uri in store.list_files(store.uri(CALL_LISTS)):
        if uri.endswith(".parquet"):
            with store.local_copy(uri) as path:
                rows = pq.read_table(path, columns=["prediction_id"], filters=[("contact_id", "=", contact_id)])
            yield from rows["prediction_id"].to_pylist()


def _on_record(store: ArtifactStore, contact_id: str) -> Iterator[str]:
    """Predictions of the service; reads every record, so it comes second."""
    for uri in store.list_files(store.uri(PREDICTIONS)):
        content = store.read_bytes(uri)
        if json.dumps(contact_id).encode() in content:
            yield from (entry["prediction_id"] for entry in json.loads(content) if entry["contact_id"] == contact_id)
