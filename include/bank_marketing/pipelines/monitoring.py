"""The monitoring pipeline: from the last days' outcomes to a recorded decision about retraining.

Starting the retraining is the DAG's part: outside Airflow the decision is made, recorded and told, and nothing is started.
"""

from __future__ import annotations

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.components.context import RunContext
from bank_marketing.pipelines import Options, Refs, Step


def _collect(refs: Refs, context: RunContext, options: Options) -> ArtifactRef:
    from bank_marketing.monitoring import window
    from bank_marketing.monitoring.config import MonitoringConfig

    return window.run(MonitoringConfig(), context).ref


def _drift(refs: Refs, context: RunContext, options: Options) -> ArtifactRef:
    from bank_marketing.monitoring import findings
    from bank_marketing.monitoring.config import MonitoringConfig

    return findings.detect_drift(MonitoringConfig(), refs["collect_window"], context)


def _performance(refs: Refs, context: RunContext, options: Options) -> ArtifactRef:
    from bank_marketing.monitoring import findings
    from bank_marketing.monitoring.config import MonitoringConfig

    return findings.measure_performance(MonitoringConfig(), refs["collect_window"], context)


def _decide(refs: Refs, context: RunContext, options: Options) -> ArtifactRef:
    from bank_marketing.monitoring import retraining
    from bank_marketing.monitoring.config import MonitoringConfig

    found = (refs["collect_window"], refs["detect_drift"], refs["measure_performance"])
    return retraining.run(MonitoringConfig(), *found, context).ref


def _notify(refs: Refs, context: RunContext, options: Options) -> ArtifactRef:
    from bank_marketing.reporting import monitoring

    return monitoring.run(dict(refs), context)


STEPS: dict[str, Step] = {
    "collect_window": _collect,
    "detect_drift": _drift,
    "measure_performance": _performance,
    "decide_retraining": _decide,
    "notify_decision": _notify,
}
