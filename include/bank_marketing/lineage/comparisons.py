"""What a prediction used against what was scored, registered and trained: each difference in a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from bank_marketing.artifacts import Manifest
from bank_marketing.economics import Economics
from bank_marketing.modeling.model import TermDepositModel
from bank_marketing.registry.registry import ModelVersion
from bank_marketing.scoring.predictions import PredictionRecord


def record_problem(record: PredictionRecord) -> str:
    """Why a record cannot be what was written; empty when it can."""
    if record.record_digest and record.record_digest != record.content_digest():
        return "the record was altered: its digest is not that of its content"
    if record.decision != (record.probability >= record.threshold):
        return f"the record contradicts itself: probability {record.probability:g}, threshold {record.threshold:g}, and the other decision"
    return ""


def scores_problem(
    record: PredictionRecord, rows: Iterable[dict[str, Any]], scores: Manifest, inputs: Mapping[str, Manifest]
) -> str:
    """How a record differs from the scores that it was written from.

    Args:
        record: of a batch run.
        rows: probability, decision and input_digest of its contact in the scores.
        scores: manifest of the scores.
        inputs: manifests of the pinned model and of the checked list, by their kind; those that can be read.
    """
    said = record.model_dump(mode="json")
    scored = [row for row in rows if all(said[name] == value for name, value in row.items())]
    if not scored:
        return f"the record says probability {record.probability:g} and input {record.input_digest[:12]}, the scores of that run do not"
    details: dict[str, Any] = {name: scores.details.get(name) for name in ("day", "call_cost", "deposit_margin")}
    if "selected_model" in inputs:
        pinned = inputs["selected_model"].details
        details |= {name: pinned[name] for name in ("model_digest", "threshold")}
        details["hindsight"] = str(pinned["trained_through"]) >= record.day.isoformat()
    if "prospects" in inputs:
        state: Any = inputs["prospects"].details["state"]
        details["features_digest"] = state["features_digest"]
    return _told("the record says", "the scores of that run were made with", said, details)


def model_problem(record: PredictionRecord, version: ModelVersion, model: TermDepositModel) -> str:
    """How a record differs from the model that it names, and what was registered of that model from the model itself."""
    if record.model_digest != version.digest:
        return (
            f"version {version.version} is model {version.digest[:12]}, the prediction was made by {record.model_digest[:12]}"
        )
    if record.call_cost is not None and record.deposit_margin is not None:
        at_its_prices = model.threshold_at(Economics(record.call_cost, record.deposit_margin))
        if record.threshold != at_its_prices:
            return f"the record says threshold {record.threshold:g}, the registered model's is {at_its_prices:g} at the record's prices"
    own = {"threshold": model.threshold, "trained_through": model.trained_through} | asdict(model.economics)
    own = {name: value if isinstance(value, str) else f"{value:g}" for name, value in own.items()}
    return _told("the registry says", "the model itself", version.tags, own)


def training_problem(version: ModelVersion, trained: Manifest) -> str:
    """How what was registered differs from the training run's artifact."""
    files = {entry.path: entry.sha256 for entry in trained.files if entry.path in version.files}
    if files != version.files:
        return f"the files that were registered as version {version.version} are not those of its training run"
    of_run = {"features_digest": trained.parents[0].digest, "contract": trained.schema_digest}
    return _told("the registry says", "its training run", version.tags, of_run)


def _told(who: str, other: str, said: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    for name, value in found.items():
        if said.get(name) != value:
            return f"{who} {name} {_short(said.get(name))}, {other} {_short(value)}"
    return ""


def _short(value: Any) -> str:
    text = str(value)
    return text[:12] if len(text) == 64 else text
