"""A person's word before a model goes into production, for the runs that ask for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import BaseNotifier, Context

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.components.context import RunContext
from bank_marketing_airflow.addresses import approval_url, artifact_url, data_docs_url, runbook_url
from bank_marketing_airflow.alerts import RUNBOOKS
from bank_marketing_airflow.mail import send
from bank_marketing_airflow.mail_content import alert
from bank_marketing_airflow.operators import StepOperator, references
from bank_marketing_airflow.run_context import run_context, run_options

APPROVE, REJECT = "Approve", "Reject"

#: Where the report that a person decides by is published, beside the run's other artifacts.
REPORT = "approval_report"

#: Nobody answered: production stays as it is. Well below the run's own time, which goes on while it waits.
PATIENCE = timedelta(hours=1, minutes=30)


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
                    "What": str(getattr(task, "question", "")),
                    "As of": str(run.as_of),
                    "DAG and run": f"{ti.dag_id}, {ti.run_id}",
                    "What to do": f"{RUNBOOKS}#approval-waiting",
                    "Until": f"{PATIENCE.total_seconds() / 3600:g} hours from now; without an answer production stays as it is",
                },
                {
                    "Approve or reject": address,
                    "Report of this run": artifact_url(run, REPORT, "report.html"),
                    "Data Docs": data_docs_url(run),
                    "Runbook": runbook_url("approval-waiting"),
                },
            ),
            context,
        )


class PromotionOperator(StepOperator, HITLOperator):
    """Runs the promoting step; where the run asks for it (`approval`) and there is something to decide, a person has the last word.

    The task waits for the answer, and takes no worker's place meanwhile. No answer in time is a no, and a no is on record with its
    author. The answer is kept until the promotion has succeeded: a retry asks nobody again.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            subject="May this model go into production?",
            options=[APPROVE, REJECT],
            defaults=REJECT,
            response_timeout=PATIENCE,
            notifiers=[ApprovalMail()],
            **kwargs,
        )
        self.answer: dict[str, Any] = {}

    #: The version in production is one for live and past days.
    announces_past = True

    template_fields: Sequence[str] = StepOperator.template_fields
    ui_color = "#f1e6f6"

    def execute(self, context: Context) -> dict[str, str]:
        """Promote, or ask first; returns the promotion's reference."""
        run = run_context(context)
        if run.store.exists(_answer_uri(run)):
            self.answer = json.loads(run.store.read_bytes(_answer_uri(run)))
        elif self._asks(context, run):
            HITLOperator.execute(self, context)  # does not return: Airflow wakes the task in `execute_complete`
        return self._promote(context, run)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, str]:
        """Promote as a person has answered, or as nobody has; returns the promotion's reference."""
        told, run = HITLOperator.execute_complete(self, context, event), run_context(context)
        who = told["responded_by_user"]
        by = str(who["name"] or who["id"]) if who else ""
        self.answer = {"approved": bool(by) and told["chosen_options"] == [APPROVE], "by": by}
        run.store.write_bytes(_answer_uri(run), json.dumps(self.answer).encode())
        self.log.info(
            "%s by %s", "approved" if self.answer["approved"] else "refused", by or f"nobody: no answer in {PATIENCE}"
        )
        return self._promote(context, run)

    def run_options(self, context: Context) -> dict[str, Any]:
        """What the run was asked for, and what the person said."""
        options = super().run_options(context)
        if not self.answer:
            return options
        by = self.answer["by"] or "anybody in time"
        said = {"approved": f"Approved by {by}."} if self.answer["approved"] else {"refused": f"Not approved by {by}."}
        return options | said | {"who": f"{by}, {options['who']}"}

    def _asks(self, context: Context, run: RunContext) -> bool:
        """Whether a person is to be asked; then the question is made, with the report to decide by."""
        from bank_marketing.components import evaluate_model
        from bank_marketing.reporting import report

        options = run_options(context)
        if not (options.get("approval") and options["promote"]):
            return False
        refs = references(self.refs, context)
        judged = evaluate_model.load(refs["evaluate_model"], run)
        if not judged.verdict.promote:
            self.log.info("nobody is asked: %s", " ".join(judged.verdict.reasons))
            return False
        report.run(report.ReportConfig(component=REPORT), report.ReportInputs(artifacts=refs), run)
        champion = f"version {judged.champion_version}" if judged.champion_version else "no model yet"
        links = {"Report of this run": artifact_url(run, REPORT, "report.html"), "Data Docs": data_docs_url(run)}
        self.question = f"As of {run.as_of}. In production: {champion}. {' '.join(judged.verdict.reasons)}"
        self.body = f"{self.question}\n\n" + "\n\n".join(f"[{name}]({url})" for name, url in links.items())
        return True

    def _promote(self, context: Context, run: RunContext) -> dict[str, str]:
        from bank_marketing.components import promote_model

        ref = self.work(context)
        run.store.remove(_answer_uri(run))
        made = promote_model.load(ArtifactRef.model_validate(ref), run)
        if made.from_version == made.to_version:
            self.outlets = []  # Airflow makes an event of each outlet: nobody is to hear of a change that was none
        return ref

    question: str = ""


def _answer_uri(run: RunContext) -> str:
    return f"{run.run_uri}/answers/promote_model.json"
