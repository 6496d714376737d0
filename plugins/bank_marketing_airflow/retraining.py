"""Operators of the monitoring DAG: the decision shown where Airflow shows state, and the retraining it starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from bank_marketing.artifacts import ArtifactRef
from bank_marketing_airflow.operators import StepOperator
from bank_marketing_airflow.run_context import run_context

#: What the training DAG's parameter `reason` takes.
REASON_LENGTH = 500


class DecisionOperator(StepOperator):
    """Runs the deciding step and shows the decision on the task's outlet asset, as its last state and on each event."""

    def execute(self, context: Context) -> dict[str, str]:
        """Decide; returns the decision's reference."""
        from bank_marketing.monitoring import retraining

        ref = super().execute(context)
        record = retraining.load(ArtifactRef.model_validate(ref), run_context(context)).record
        shown: dict[str, Any] = {
            "as_of": record.as_of.isoformat(),
            "model_version": record.model_version,
            "violates": record.window.violates,
            **record.decision.model_dump(mode="json"),
        }
        for asset in self.outlets:
            context["outlet_events"][asset].extra = shown
            context["asset_state_store"][asset].set("last_decision", shown)
        return ref


class TriggerRetrainingOperator(TriggerDagRunOperator):
    """Starts the training DAG when the decision or a person (`force`) says so; else the task is skipped, and says why.

    Args:
        decision: output of the deciding task.
    """

    template_fields: Sequence[str] = (*TriggerDagRunOperator.template_fields, "decision")
    ui_color = "#fde7e7"

    def __init__(self, *, decision: Any, **kwargs: Any) -> None:
        # One retraining a monitoring run, however often the task is tried.
        super().__init__(trigger_run_id="retraining__{{ run_id }}", skip_when_already_exists=True, **kwargs)
        self.decision = decision

    def execute(self, context: Context) -> Any:
        """Start the training with the decision's day and reason. A backfill's training may not promote."""
        from bank_marketing.monitoring import retraining

        run = run_context(context)
        record = retraining.load(ArtifactRef.model_validate(self.decision), run).record
        forced = bool(context["params"].get("force"))
        if not (record.decision.retrain or forced):
            raise AirflowSkipException(f"no retraining: {record.decision.reason}")
        why = record.decision.reason if record.decision.retrain else f"forced by hand, against: {record.decision.reason}"
        dag_run = context["dag_run"]
        backfill = str(getattr(dag_run.run_type, "value", dag_run.run_type)) == "backfill"
        self.conf = {
            "as_of": run.as_of.isoformat(),
            "reason": f"{run.dag_id}: {why}"[:REASON_LENGTH],
            "promote": "no" if backfill else "auto",
        }
        return super().execute(context)
