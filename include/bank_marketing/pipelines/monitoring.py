"""The monitoring pipeline: from the last days' outcomes to a recorded decision about retraining.

Options of the decision: `live` (bool, default true) and `at_work` (the training run on the same data, default none). Starting the
retraining is the DAG's part: outside Airflow the decision is made, recorded and reported, and nothing is started.
"""

from __future__ import annotations

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.components.context import RunContext
from bank_marketing.pipelines import Options, Refs, Step


def _collect(refs: Refs, context: RunContext, options: Options) -> ArtifactRef:
    from bank_marketing.monitoring import window
    from bank_marketing.monitoring.config import MonitoringConfig

    return window.run(context.config("collect_window", MonitoringConfig), context).ref


def _drift(refs: Refs, context: RunContext, options: Options) -> ArtifactRef:
    from bank_marketing.monitoring import findings
    from bank_marketing.monitoring.config import MonitoringConfig

    return findings.detect_drift(context.config("detect_drift", MonitoringConfig), refs["collect_window"], context)


def _performance(refs: Refs, context: RunContext, options: Options) -> ArtifactRef:
    from bank_marketing.monitoring import findings
    from bank_marketing.monitoring.config import MonitoringConfig

    return findings.measure_performance(
        context.config("measure_performance", MonitoringConfig), refs["collect_window"], context
    )


def _decide(refs: Refs, context: RunContext, options: Options) -> ArtifactRef:
    from bank_marketing.monitoring import retraining
    from bank_marketing.monitoring.config import MonitoringConfig

    found = (refs["collect_window"], refs["detect_drift"], refs["measure_performance"])
    live, at_work = bool(options.get("live", True)), str(options.get("at_work", ""))
    return retraining.run(
        context.config("decide_retraining", MonitoringConfig), *found, context, live=live, at_work=at_work
    ).ref


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
