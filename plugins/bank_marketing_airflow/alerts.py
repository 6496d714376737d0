"""The words of an alert: what failed, which rule, where, and the links to look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk.exceptions import AirflowTaskTimeout

from bank_marketing.errors import BankMarketingError
from bank_marketing_airflow.addresses import data_docs_url, run_url, runbook_url
from bank_marketing_airflow.mail_content import Mail, alert
from bank_marketing_airflow.run_context import resolve_as_of, run_context

RUNBOOKS = "docs/runbooks.md"


def task_alert(context: Mapping[str, Any]) -> Mail:
    """The mail about a task that has finally failed."""
    ti, error = context["ti"], context.get("exception")
    kind = type(error).__name__ if error is not None else "TaskEnded"
    rule, as_of, entry = str(getattr(error, "rule", "")), _day(context), runbook_entry(error)
    return alert(
        f"{ti.dag_id}.{ti.task_id} failed{f' for {as_of}' if as_of else ''}: {rule or kind}",
        f"{ti.task_id} failed",
        {
            "What": str(error or "the task ended without a reason: it was killed, or its machine went away"),
            "Rule": rule,
            "Where": str(getattr(error, "location", "")),
            "As of": as_of,
            "DAG and run": f"{ti.dag_id}, {ti.run_id}",
            "Task": f"{ti.task_id}, {_tries(ti, error)}",
            "Kind": kind,
            "What to do": f"{RUNBOOKS}#{entry}",
        },
        {
            "Open the log": ti.log_url,
            "Open the run": run_url(ti.dag_id, ti.run_id),
            "Data Docs": _data_docs(context),
            "Runbook": runbook_url(entry),
        },
    )


def runbook_entry(error: BaseException | None) -> str:
    """The entry of the runbooks about a failure: the platform's own exceptions have one each, all others share two."""
    if error is None:
        return "taskended"
    if isinstance(error, AirflowTaskTimeout):
        return "task-out-of-time"
    return type(error).__name__.lower() if isinstance(error, BankMarketingError) else "unexpected-error"


def run_alert(context: Mapping[str, Any]) -> Mail:
    """The mail about a run that has failed, whatever its tasks said."""
    run = context["dag_run"]
    reason = str(context.get("reason") or "a task failed")
    late = "timed_out" in reason
    as_of, entry = _day(context), "run-out-of-time" if late else "run-failed"
    return alert(
        f"{run.dag_id} failed{f' for {as_of}' if as_of else ''}: {'out of time' if late else 'run failed'}",
        f"The run of {run.dag_id} failed",
        {
            "What": "the run was ended because it took longer than it may" if late else f"the run ended as failed ({reason})",
            "As of": as_of,
            "DAG and run": f"{run.dag_id}, {run.run_id}",
            "What to do": f"{RUNBOOKS}#{entry}",
        },
        {"Open the run": run_url(run.dag_id, run.run_id), "Runbook": runbook_url(entry)},
    )


def _tries(ti: Any, error: BaseException | None) -> str:
    if isinstance(error, BankMarketingError) and not error.retryable:
        return f"try {ti.try_number}: trying again would not help"
    return f"try {ti.try_number} of {max(ti.try_number, (ti.max_tries or 0) + 1)}"


def _day(context: Mapping[str, Any]) -> str:
    try:
        return str(resolve_as_of(context))
    except Exception:  # a wrong as_of is itself the reason, which the mail tells
        return ""


def _data_docs(context: Mapping[str, Any]) -> str:
    """Where the validation's pages are, when the run got as far; a broken store must not stop the mail."""
    try:
        run = run_context(context)
        there = run.store.has_manifest(run.component_uri("validate_data"))
        return data_docs_url(run) if there else ""
    except Exception:
        return ""
