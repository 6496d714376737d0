"""From one prediction back to the raw files, each link checked against its digest anew."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from bank_marketing.artifacts import ArtifactStore
from bank_marketing.registry.registry import Registry
from bank_marketing.scoring.predictions import PredictionLog, PredictionRecord


class Trace(BaseModel):
    """A prediction and the chain of what it came from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prediction: PredictionRecord
    links: tuple[dict[str, Any], ...] = ()


def trace(store: ArtifactStore, registry: Registry, prediction_id: str) -> Trace:
    """Trace a prediction. Raises ArtifactMissing when there is none with this id."""
    return Trace(prediction=PredictionLog(store).get(prediction_id))
