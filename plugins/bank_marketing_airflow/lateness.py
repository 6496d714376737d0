"""The mail about a call list that is late: before the callers start, whatever the run is doing."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import Context
from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from bank_marketing.settings import Settings
from bank_marketing_airflow.addresses import run_url, runbook_url
from bank_marketing_airflow.alerts import RUNBOOKS
from bank_marketing_airflow.campaigns import calendar_of
from bank_marketing_airflow.mail import send
from bank_marketing_airflow.mail_content import Mail, alert

log = logging.getLogger(__name__)

_TOLD = {
    "failed": "the run has failed and was not mended: its own mail says why",
    "running": "the run is still at work, or waits for a file or for the pool `spark`",
    "queued": "the run has not started: an earlier run is at work, or the scheduler is overloaded",
}


def late_list_alert() -> list[DeadlineAlert]:
    """A mail when a run has not succeeded `BANK_LIST_DUE_MINUTES` after it was queued.

    `airflow dags test` gets none: Airflow 3.3 stops such a run at its end when the DAG has a deadline.
    """
    if sys.argv[1:3] == ["dags", "test"]:
        return []
    return [
        DeadlineAlert(
            reference=DeadlineReference.DAGRUN_QUEUED_AT,
            interval=timedelta(minutes=Settings().list_due_minutes),
            callback=SyncCallback(tell_late),
            name="late call list",
        )
    ]


def tell_late(context: Context) -> None:
    """Send the mail. Airflow calls this in the executor; of the context it has the run, as its REST API shows it."""
    run: Mapping[str, Any] = context["dag_run"]  # type: ignore[assignment]
    if run["run_type"] == "backfill":
        log.info("%s re-makes a list of the past: nobody waits for it", run["dag_run_id"])
        return
    send(late_mail(run), context)


def late_mail(run: Mapping[str, Any]) -> Mail:
    """The words of the mail."""
    dag_id, run_id = str(run["dag_id"]), str(run["dag_run_id"])
    evening = _evening(run)
    return alert(
        f"{dag_id}: the call list after {evening} is late",
        "The call list is late",
        {
            "What": f"no call list is published at the time it was promised for: {_TOLD.get(str(run['state']), run['state'])}",
            "As of": evening,
            "DAG and run": f"{dag_id}, {run_id}",
            "What to do": f"{RUNBOOKS}#call-list-late",
        },
        {"Open the run": run_url(dag_id, run_id), "Runbook": runbook_url("call-list-late")},
    )


def _evening(run: Mapping[str, Any]) -> str:
    """The day that a run works on, in the campaign's time zone."""
    stated = (run.get("conf") or {}).get("as_of")
    moment = run.get("logical_date") or run.get("run_after")
    if stated or not moment:
        return str(stated or "")[:10]
    at = moment if isinstance(moment, datetime) else datetime.fromisoformat(str(moment))
    return str(calendar_of(str(run["dag_id"])).day_of(at))
