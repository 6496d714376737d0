"""The decision of one run: made from its findings and the records of earlier evenings, recorded, published."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
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
    config: MonitoringConfig,
    window: ArtifactRef,
    drift: ArtifactRef,
    performance: ArtifactRef,
    context: RunContext,
    *,
    live: bool = True,
    at_work: str = "",
) -> RetrainingArtifact:
    """Decide, and append the decision to the records. A retry finds the record of the first try and adds none.

    Args:
        config: of the decision.
        window: the window.
        drift: what `detect_drift` found.
        performance: what `measure_performance` found.
        context: the run.
        live: whether the run may be one of the live evenings; one before an evening that was decided live is not, whatever is said.
            Live evenings count live ones only: a backfill or a what-if day is no evening that the platform has lived through.
        at_work: the training run that is working on the data of the window, where there is one.

    Raises:
        ArtifactMissing, ArtifactCorrupt: a finding is not what its reference says.
    """
    name = f"{context.dag_id}/{context.run_id}"
    record = next((entry for entry in decisions.of_evening(context.store, context.as_of) if entry.run == name), None)
    if record is None:
        collected = windows.load(window, context)
        live = live and not any(entry.live for entry in decisions.newest_first(context.store, after=context.as_of))
        known = decisions.newest_first(context.store, until=context.as_of)
        counted = (entry for entry in known if entry.live or not live)
        found = findings.read(drift, findings.DRIFT, context), findings.read(performance, findings.PERFORMANCE, context)
        verdict = _verdict(collected, *found)
        record = DecisionRecord(
            at=datetime.now(UTC),
            as_of=context.as_of,
            run=name,
            model_version=collected.model_version,
            window=verdict,
            decision=_decide(verdict, counted, collected, config, context, at_work),
            live=live,
            numbers={"window": collected.model_dump(mode="json"), "drift": found[0], "performance": found[1]},
        )
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


def decided(window: ArtifactRef, context: RunContext) -> DecisionRecord | None:
    """The live decision that was made on this evening on the same window and the same version; None when there is none."""
    version = windows.load(window, context).model_version
    for record in decisions.of_evening(context.store, context.as_of):
        looked_at: Any = record.numbers["window"]
        if (record.live, record.model_version) == (True, version) and looked_at["ref"]["digest"] == window.digest:
            return record
    return None


def _verdict(collected: windows.WindowArtifact, *found: dict[str, Any]) -> WindowVerdict:
    return WindowVerdict(
        last_day=collected.last_day,
        enough=any(told["enough"] for told in found),
        violates=any(told["violates"] for told in found),
        reasons=tuple(reason for told in found if told["enough"] for reason in told["reasons"]),
    )


def _decide(
    verdict: WindowVerdict,
    newest_first: Iterable[DecisionRecord],
    collected: windows.WindowArtifact,
    config: MonitoringConfig,
    context: RunContext,
    at_work: str,
) -> Decision:
    version = collected.model_version
    if version is None:
        reason = "no model is in production yet" + (f", and {at_work} is training one already" if at_work else "")
        return Decision(retrain=not at_work, reason=reason, violating=0, windows=0)
    earlier: list[WindowVerdict] = []
    trained = None
    for entry in newest_first:
        # A window of long ago is none of the last ones, however few evenings were decided since.
        if entry.model_version == version and entry.window.last_day >= collected.since:
            earlier.append(entry.window)
        if trained is None and entry.decision.retrain and entry.model_version is not None:
            trained = entry.as_of
        if trained is not None and entry.as_of < collected.since:  # a window does not end after its evening
            break
    return decisions.decide(verdict, earlier[::-1], trained, context.as_of, config, at_work=at_work)
