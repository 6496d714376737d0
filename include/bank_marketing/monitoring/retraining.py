"""The decision of one run: made from its findings and the records of earlier evenings, recorded, published."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.components.context import Entity, RunContext
from bank_marketing.monitoring import decision as decisions
from bank_marketing.monitoring import findings
from bank_marketing.monitoring import window as windows
from bank_marketing.monitoring.config import MonitoringConfig
from bank_marketing.monitoring.decision import Decision, DecisionRecord, WindowVerdict

COMPONENT = "decide_retraining"
KIND = "retraining_decision"
FILE = "decision.json"

log = logging.getLogger(__name__)


class RetrainingArtifact(Entity):
    """The decision: `decision.json`, a DecisionRecord."""

    ref: ArtifactRef
    record: DecisionRecord


def run(
    config: MonitoringConfig, window: ArtifactRef, drift: ArtifactRef, performance: ArtifactRef, context: RunContext
) -> RetrainingArtifact:
    """Decide, and append the decision to the records. A retry finds the record of the first try and adds none.

    Raises:
        ArtifactMissing, ArtifactCorrupt: a finding is not what its reference says.
    """
    name = f"{context.dag_id}/{context.run_id}"
    known = decisions.history(context.store, until=context.as_of)
    record = next((entry for entry in known if entry.run == name and entry.as_of == context.as_of), None)
    if record is None:
        record = _record(config, window, drift, performance, known, context)
        decisions.write(context.store, record)
    with context.stage() as stage:
        (stage.path / FILE).write_text(record.model_dump_json(indent=1) + "\n", encoding="utf-8")
        manifest = context.publish(
            stage,
            COMPONENT,
            KIND,
            parents=[window, drift, performance],
            parameters=config.model_dump(mode="json"),
            details={"decision": record.decision.model_dump(mode="json")},
            volatile=lambda path: True,
        )
    log.info("%s: %s", "retrain" if record.decision.retrain else "do not retrain", record.decision.reason)
    return load(manifest.ref, context)


def load(ref: ArtifactRef, context: RunContext) -> RetrainingArtifact:
    """The artifact behind a reference."""
    context.store.manifest(ref)
    return RetrainingArtifact(ref=ref, record=json.loads(context.store.read_bytes(f"{ref.uri}/{FILE}")))


def _record(
    config: MonitoringConfig,
    window: ArtifactRef,
    drift: ArtifactRef,
    performance: ArtifactRef,
    known: list[DecisionRecord],
    context: RunContext,
) -> DecisionRecord:
    collected = windows.load(window, context)
    drifted = findings.read(drift, findings.DRIFT, context)
    performed = findings.read(performance, findings.PERFORMANCE, context)
    found = (drifted, performed)
    verdict = WindowVerdict(
        last_day=collected.last_day,
        enough=any(told["enough"] for told in found),
        violates=any(told["violates"] for told in found),
        reasons=tuple(reason for told in found if told["enough"] for reason in told["reasons"]),
    )
    numbers: dict[str, Any] = {"window": collected.model_dump(mode="json"), "drift": drifted, "performance": performed}
    return DecisionRecord(
        at=datetime.now(UTC),
        as_of=context.as_of,
        run=f"{context.dag_id}/{context.run_id}",
        model_version=collected.model_version,
        window=verdict,
        decision=_decide(verdict, known, collected.model_version, config, context),
        numbers=numbers,
    )


def _decide(
    verdict: WindowVerdict,
    known: list[DecisionRecord],
    version: int | None,
    config: MonitoringConfig,
    context: RunContext,
) -> Decision:
    if version is None:
        return Decision(retrain=True, reason="no model is in production yet", violating=0, windows=0)
    earlier = [entry.window for entry in known if entry.model_version == version]
    trained = [entry.as_of for entry in known if entry.decision.retrain and entry.model_version is not None]
    return decisions.decide(verdict, earlier, max(trained, default=None), context.as_of, config)
