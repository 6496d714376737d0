"""Operators of the monitoring DAG: the decision shown where Airflow shows state, and the retraining it starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.components.context import RunContext
from bank_marketing_airflow.operators import StepOperator, references
from bank_marketing_airflow.run_context import live, run_context, run_type

#: What the training DAG's parameter `reason` takes.
REASON_LENGTH = 500


class WindowOperator(StepOperator):
    """Collects the window. A run that the schedule or an event started is skipped where its evening is decided on the same data."""

    def execute(self, context: Context) -> dict[str, str]:
        """Collect; returns the window's reference."""
        from bank_marketing.monitoring import retraining

        ref = super().execute(context)
        made = retraining.decided(ArtifactRef.model_validate(ref), run_context(context))
        if made is not None and made.run != f"{self.dag_id}/{context['dag_run'].run_id}" and run_type(context) != "manual":
            raise AirflowSkipException(f"{made.run} has decided on {made.as_of} and the same data: {made.decision.reason}")
        return ref


class DecisionOperator(StepOperator):
    """Runs the deciding step and shows the decision on the task's outlet asset, as its last state and on each event.

    Args:
        training: id of the DAG that trains. Its run that made the features of the window is, while it runs, the retraining.
    """

    def __init__(self, *, training: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.training = training

    def run_options(self, context: Context) -> dict[str, Any]:
        """What the run was asked for, and what the decision must know of the runs beside it."""
        run = run_context(context)
        return super().run_options(context) | {"live": live(context, run), "at_work": self._at_work(run, context)}

    def _at_work(self, run: RunContext, context: Context) -> str:
        window = references(self.refs, context)["collect_window"]
        [features] = run.store.manifest(window).parents
        made = run.store.manifest(features)
        if made.dag_id != self.training:
            return ""
        at_work = context["ti"].get_dr_count(made.dag_id, run_ids=[made.run_id], states=["queued", "running"])
        return f"the run {made.run_id}" if at_work else ""

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
        """Start the training with the decision's day and reason. That of a day of the past may not promote.

        Whether a person is asked first is the training DAG's own default: what the platform's settings say holds here too.
        """
        from bank_marketing.monitoring import retraining

        run = run_context(context)
        record = retraining.load(ArtifactRef.model_validate(self.decision), run).record
        forced = bool(context["params"].get("force"))
        if not (record.decision.retrain or forced):
            raise AirflowSkipException(f"no retraining: {record.decision.reason}")
        why = record.decision.reason if record.decision.retrain else f"forced by hand, against: {record.decision.reason}"
        self.conf = {
            "as_of": run.as_of.isoformat(),
            "reason": f"{run.dag_id}: {why}"[:REASON_LENGTH],
            "promote": "auto" if record.live else "no",
        }
        return super().execute(context)
