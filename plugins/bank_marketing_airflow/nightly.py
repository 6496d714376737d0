"""The first task of the nightly scoring: before it works, it looks back at nights that were missed, and says so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from airflow.sdk import Context

from bank_marketing.components.context import RunContext
from bank_marketing_airflow.addresses import run_url, runbook_url
from bank_marketing_airflow.alerts import RUNBOOKS
from bank_marketing_airflow.mail import send
from bank_marketing_airflow.mail_content import Mail, alert
from bank_marketing_airflow.operators import StepOperator
from bank_marketing_airflow.run_context import begin, run_type


class SelectOperator(StepOperator):
    """Pins the version in production; a scheduled run first mails which nights before it had no run, and which lists were never made."""

    def execute(self, context: Context) -> dict[str, str]:
        """Look back, then pin; returns the pinned version's reference."""
        run = begin(context)
        if run_type(context) == "scheduled" and (mail := missed_mail(run)):
            send(mail, context)
        return super().execute(context)


def missed_mail(run: RunContext) -> Mail | None:
    """The words about missed nights; None when there were none."""
    from bank_marketing.scoring.missed import missed_nights

    missed = missed_nights(run)
    if not missed.evenings:
        return None
    lists = _days(missed.lists)
    return alert(
        f"{run.dag_id}: no run on {_count(len(missed.evenings), 'night')} before {run.as_of}",
        "Nights were missed",
        {
            "What": f"no run scored on the {_count(len(missed.evenings), 'evening')} before {run.as_of}: the scheduler was down, or the "
            "DAG was paused",
            "Evenings": _days(missed.evenings),
            "Lists that were never made": lists or "none",
            "DAG and run": f"{run.dag_id}, {run.run_id}",
            "What to do": f"{RUNBOOKS}#nights-missed",
        },
        {"Open the run": run_url(run.dag_id, run.run_id), "Runbook": runbook_url("nights-missed")},
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _days(days: Sequence[date], most: int = 10) -> str:
    """Days for people: the last ones, when there are many."""
    shown = ", ".join(str(day) for day in days[-most:])
    return f"{len(days) - most} earlier ones, {shown}" if len(days) > most else shown
