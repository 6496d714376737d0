"""A person's word before a model goes into production, for the runs that ask for it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLOperator
from airflow.sdk import BaseNotifier, Context
from airflow.sdk.exceptions import AirflowSkipException

from bank_marketing.artifacts import ArtifactRef
from bank_marketing_airflow.addresses import approval_url, artifact_url, runbook_url
from bank_marketing_airflow.alerts import RUNBOOKS
from bank_marketing_airflow.mail import send
from bank_marketing_airflow.mail_content import alert
from bank_marketing_airflow.operators import StepOperator, given, remembered
from bank_marketing_airflow.run_context import run_context, run_options

#: Nobody answered: production stays as it is. Well below the run's own time, which goes on while it waits.
PATIENCE = timedelta(hours=1, minutes=30)

log = logging.getLogger(__name__)


class ApprovalMail(BaseNotifier):
    """Tells the recipients that a model waits for their word."""

    def notify(self, context: Context) -> None:
        """Send the mail; a mail that cannot be sent is said in the log, and the task waits all the same."""
        ti, task = context["ti"], context["task"]
        run = run_context(context)
        address = approval_url(ti.dag_id, ti.run_id, ti.task_id)
        send(
            alert(
                f"{run.as_of}: a model waits for your approval",
                "May this model go into production?",
                {
                    "What": str(getattr(task, "body", "")).replace("**", ""),
                    "As of": str(run.as_of),
                    "DAG and run": f"{ti.dag_id}, {ti.run_id}",
                    "What to do": f"{RUNBOOKS}#approval-waiting",
                    "Until": f"{PATIENCE.total_seconds() / 3600:g} hours from now; without an answer production stays as it is",
                },
                {
                    "Approve or reject": address,
                    "Data Docs": artifact_url(run, "validate_data", "data_docs/index.html"),
                    "Runbook": runbook_url("approval-waiting"),
                },
            ),
            context,
        )


class PromotionApproval(ApprovalOperator):
    """Waits for a person where the run asks for it (`approval`) and there is something to decide; else it is skipped.

    A refusal skips nothing: the promotion task then records that the candidate was refused, and by whom.

    Args:
        refs: outputs of the steps before it, by task id.
    """

    template_fields: Sequence[str] = ("refs",)
    ui_color = "#f1e6f6"

    def __init__(self, *, refs: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(
            subject="May this model go into production?",
            defaults=self.REJECT,
            response_timeout=PATIENCE,
            notifiers=[ApprovalMail()],
            **kwargs,
        )
        self.refs = remembered(refs)

    def execute(self, context: Context) -> Any:
        """Ask, or skip. Airflow puts the task to sleep until somebody answers."""
        from bank_marketing.components import evaluation

        options = run_options(context)
        if not options.get("approval"):
            raise AirflowSkipException("nobody is asked: the parameter `approval` is off")
        if not options["promote"]:
            raise AirflowSkipException("nobody is asked: this run does not promote")
        run = run_context(context)
        judged = evaluation.load(ArtifactRef.model_validate(given(self.refs, context)["evaluate_model"]), run)
        if not judged.verdict.promote:
            raise AirflowSkipException(f"nobody is asked: {' '.join(judged.verdict.reasons)}")
        champion = f"version {judged.champion_version}" if judged.champion_version else "no model yet"
        self.body = f"As of {run.as_of}. In production: **{champion}**. {' '.join(judged.verdict.reasons)}"
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """What was answered, and by whom."""
        # Not ApprovalOperator's: it would skip the promotion, and the refusal would stand in no record.
        answer = HITLOperator.execute_complete(self, context, event)
        approved = answer["chosen_options"] == [self.APPROVE]
        who = answer["responded_by_user"]
        by = str(who["name"] or who["id"]) if who else ""
        log.info("%s by %s", "approved" if approved else "refused", by or f"nobody: no answer in {PATIENCE}")
        return {"approved": approved, "by": by}


class PromotionOperator(StepOperator):
    """Runs the promoting step as a person decided, where one was asked; announces production only when it has changed.

    Args:
        approval: output of the approval task; None when nobody was asked.
    """

    template_fields: Sequence[str] = (*StepOperator.template_fields, "approval")

    def __init__(self, *, approval: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.approval = approval

    def options(self, context: Context) -> dict[str, Any]:
        """What the run was asked for, and what the person said."""
        options = super().options(context)
        if not self.approval:
            return options
        by = self.approval["by"] or "anybody in time"
        if self.approval["approved"]:
            return options | {"approved": f"Approved by {by}.", "who": f"{by}, {options['who']}"}
        return options | {"refused": f"Not approved by {by}.", "who": f"{by}, {options['who']}"}

    def execute(self, context: Context) -> dict[str, str]:
        """Promote; returns the promotion's reference."""
        from bank_marketing.components import promotion

        ref = super().execute(context)
        made = promotion.load(ArtifactRef.model_validate(ref), run_context(context))
        if made.from_version == made.to_version:
            self.outlets = []  # Airflow makes an event of each outlet: nobody is to be told of a change that was none
        return ref
