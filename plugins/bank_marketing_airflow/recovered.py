"""Faults that passed: a task that failed and was tried again is in no alert, and the mail of the night names it."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

from airflow.sdk import BaseNotifier, Context

from bank_marketing.components.context import RunContext
from bank_marketing_airflow.run_context import run_context

#: Below the campaign's artifacts, one document a retry.
FOLDER = "monitoring/retries"

log = logging.getLogger(__name__)


class RetryNote(BaseNotifier):
    """`on_retry_callback` of every task: no mail while tries are left, but a note for the night's."""

    def notify(self, context: Context) -> None:
        """Write the note; one that cannot be written is no reason to fail."""
        try:
            note(context, datetime.now(UTC))
        except Exception:
            log.exception("the retry could not be noted")


def note(context: Any, moment: datetime) -> str:
    """Keep what failed, when and why; returns its place."""
    ti, error, run = context["ti"], context.get("exception"), run_context(context)
    failure = {
        "at": moment.isoformat(timespec="seconds"),
        "task": f"{ti.dag_id}.{ti.task_id}",
        "run": ti.run_id,
        "reason": f"{type(error).__name__}: {error}"[:300] if error is not None else "the task was killed",
    }
    uri = run.store.uri(FOLDER, f"{moment:%Y-%m-%d}", f"{moment:%H%M%S%f}-{ti.task_id}.json")
    run.store.write_bytes(uri, json.dumps(failure).encode())
    return uri


def recovered_mail_part(run: RunContext, now: datetime | None = None) -> str:
    """A paragraph about the retries of the last twenty-four hours; empty when there were none."""
    until = now or datetime.now(UTC)
    since = until - timedelta(days=1)
    days = {f"{moment:%Y-%m-%d}" for moment in (since, until)}
    uris = [uri for day in sorted(days) for uri in run.store.list_files(run.store.uri(FOLDER, day))]
    failures = [json.loads(run.store.read_bytes(uri)) for uri in uris]
    lines = [
        f"<li>{escape(entry['at'][:16].replace('T', ' '))} {escape(entry['task'])}: {escape(entry['reason'])}</li>"
        for entry in failures
        if since <= datetime.fromisoformat(entry["at"]) <= until
    ]
    return f"<p>Tried again in the last 24 hours:</p><ul>{''.join(lines)}</ul>" if lines else ""
