"""The two looks at a window as artifacts: `drift.json` with Evidently's page, and `performance.json`."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.components.context import RunContext
from bank_marketing.economics import Economics
from bank_marketing.modeling.baselines import trailing_rate_threshold
from bank_marketing.monitoring import window as windows
from bank_marketing.monitoring.config import MonitoringConfig
from bank_marketing.monitoring.drift import assess_drift
from bank_marketing.monitoring.performance import assess_performance, outcome_figures
from bank_marketing.registry import records
from bank_marketing.registry.registry import ModelVersion, Registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

DETECT_DRIFT, MEASURE_PERFORMANCE = "detect_drift", "measure_performance"
DRIFT, PERFORMANCE, EVIDENTLY = "drift.json", "performance.json", "evidently.html"

log = logging.getLogger(__name__)


def detect_drift(config: MonitoringConfig, window: ArtifactRef, context: RunContext) -> ArtifactRef:
    """Compare a window with the training reference of the version in production; without one, publish that there is none.

    Raises:
        ArtifactMissing, ArtifactCorrupt: the window is not what the reference says.
        RegistryUnavailable: MLflow does not answer.
    """
    from bank_marketing.monitoring.evidently_report import write_report

    version = _version(window, context)
    with context.stage() as stage:
        told: dict[str, Any] = {"enough": False, "violates": False, "reasons": [], "columns": []}
        if version is not None:
            registry = Registry(context.settings, context.store)
            reference, rows = registry.reference(version), windows.load_rows(window, context)
            scored = rows.assign(probability=registry.load(version).predict_proba(rows))
            finding = assess_drift(reference, scored, context.contract, config)
            told = finding.to_json() | {"reasons": list(finding.reasons)}
            write_report(reference, scored, finding, stage.path / EVIDENTLY)
        (stage.path / DRIFT).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        log.info("drift: %s", "; ".join(told["reasons"]) or "none beyond the thresholds")
        return context.publish(
            stage,
            DETECT_DRIFT,
            "drift",
            parents=[window],
            parameters=config.model_dump(mode="json"),
            details={"violates": told["violates"], "model_digest": version.digest if version else ""},
            notes={"model_version": version.version if version else None},
            volatile=lambda path: path == EVIDENTLY,
        ).ref


def measure_performance(config: MonitoringConfig, window: ArtifactRef, context: RunContext) -> ArtifactRef:
    """Judge the predictions that were made for a window, by their outcomes.

    Those of the version in production decide. Beside them stand the figures of all predictions, by whichever version was in production
    on the evening before each call (`as_called`): what the clients of these days were called by.

    Raises:
        ArtifactMissing, ArtifactCorrupt: the window is not what the reference says.
        RegistryUnavailable: MLflow does not answer.
    """
    version = _version(window, context)
    told: dict[str, Any] = {"enough": False, "violates": False, "reasons": [], "figures": {}, "as_called": {}}
    if version is not None:
        rows = windows.load_rows(window, context)
        spec = context.campaign.features
        called = as_called(rows, context.campaign.economics)
        other = rows["version"] != version.version
        rows.loc[other, "probability"] = float("nan")
        reference = Registry(context.settings, context.store).reference(version)
        finding = assess_performance(
            rows,
            evaluated(version, context),
            spec,
            trailing_rate_threshold(reference, spec),
            context.campaign.economics,
            config,
        )
        told = finding.to_json() | {"as_called": called}
        log.info(
            "performance on %d of %d contacts: %s", finding.rows, finding.of_rows, "; ".join(finding.reasons) or "in order"
        )
    with context.stage() as stage:
        (stage.path / PERFORMANCE).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        return context.publish(
            stage,
            MEASURE_PERFORMANCE,
            "performance",
            parents=[window],
            parameters=config.model_dump(mode="json"),
            details={"violates": told["violates"], "model_digest": version.digest if version else ""},
            notes={"model_version": version.version if version else None},
        ).ref


def as_called(rows: pd.DataFrame, economics: Economics) -> dict[str, Any]:
    """Figures of a window's predictions whichever version made them, and contacts by version; empty when there are none.

    Args:
        rows: of the window, with y, and version, probability and called of the prediction (nan: none).
        economics: prices the decisions.
    """
    known = rows[rows["probability"].notna()]
    if known.empty:
        return {}
    y, called = known["y"].to_numpy(int), known["called"].to_numpy(bool)
    counts = known["version"].astype(int).value_counts().sort_index()
    return {
        "versions": {str(version): int(count) for version, count in counts.items()},
        "figures": outcome_figures(y, known["probability"].to_numpy(float), called, economics),
    }


def evaluated(version: ModelVersion, context: RunContext) -> Mapping[str, float]:
    """Figures of a version on its unseen days, from the record of its promotion; empty when there is none."""
    for record in records.newest_first(context.store):
        figures = record.metrics.get("candidate")
        if record.version == version.version and isinstance(figures, dict):
            return {name: float(value) for name, value in figures.items() if isinstance(value, int | float)}
    return {}


def read(ref: ArtifactRef, name: str, context: RunContext) -> dict[str, Any]:
    """The JSON document of a finding. Raises ArtifactMissing, ArtifactCorrupt."""
    context.store.verify(ref)
    told: dict[str, Any] = json.loads(context.store.read_bytes(f"{ref.uri}/{name}"))
    return told


def _version(window: ArtifactRef, context: RunContext) -> ModelVersion | None:
    """The version that was in production when the window was collected."""
    pinned = windows.load(window, context).model_version
    return None if pinned is None else Registry(context.settings, context.store).get(pinned)
