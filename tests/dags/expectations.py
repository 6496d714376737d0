"""What is expected of each DAG: the promises that people and other systems rely on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True)
class Expected:
    """One DAG as it is promised to be.

    Attributes:
        chain: task ids in an order that the wiring must force, each one upstream of the next.
        tasks: all task ids, when some stand beside the chain.
        params: names of the trigger form's fields, with a value each that the form must refuse.
        spark: tasks that submit a Spark job, and so wait for the pool.
    """

    chain: tuple[str, ...]
    tag: str
    params: dict[str, object]
    tasks: frozenset[str] = frozenset()
    spark: frozenset[str] = frozenset()
    run_timeout: timedelta = timedelta(hours=3)
    outlets: dict[str, tuple[str, ...]] = field(default_factory=dict)


EXPECTED = {
    "bank_marketing_training": Expected(
        chain=(
            "ingest_data", "validate_data", "transform_data", "train_model", "evaluate_model", "promote_model", "notify_success",
        ),
        tag="training",
        params={"as_of": "30.06.2010", "promote": "maybe", "approval": "perhaps", "reason": "x" * 501},
        spark=frozenset({"ingest_data", "transform_data"}),
        outlets={
            "ingest_data": ("bank-marketing-snapshot",),
            "transform_data": ("bank-marketing-features",),
            "promote_model": ("bank-marketing-production-model",),
        },
    ),
    "bank_marketing_batch_scoring": Expected(
        chain=("select_model", "validate_prospects", "score_prospects", "publish_call_list", "notify_scored"),
        tag="scoring",
        params={"as_of": "30.06.2010", "file": "../contacts/dt=2010-06-30/contacts.csv"},
        spark=frozenset({"validate_prospects", "score_prospects"}),
        outlets={"publish_call_list": ("bank-marketing-call-list",)},
    ),
    "bank_marketing_drift_retraining": Expected(
        chain=("collect_window", "detect_drift", "decide_retraining", "trigger_retraining", "notify_decision"),
        tasks=frozenset({
            "collect_window", "detect_drift", "measure_performance", "decide_retraining", "trigger_retraining", "notify_decision",
        }),
        tag="monitoring",
        params={"as_of": "30.06.2010", "force": "perhaps"},
        outlets={"decide_retraining": ("bank-marketing-retraining-decision",)},
    ),
    "bank_marketing_maintenance": Expected(
        chain=("prune_artifacts", "prune_logs", "clean_metadata"),
        tag="maintenance",
        params={"remove": "maybe"},
    ),
}  # fmt: skip
