"""Mails: what happened, in words, with the place to look. A mail server that is down never fails a run."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any

from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.sdk import BaseNotifier, Connection, Context
from airflow.sdk.exceptions import AirflowRuntimeError

from bank_marketing.artifacts import open_store
from bank_marketing.settings import Settings
from bank_marketing_airflow.run_context import resolve_as_of, run_context

SMTP_CONNECTION = "smtp_default"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Mail:
    """A mail to the platform's recipients."""

    subject: str
    html: str


def send(mail: Mail, context: Context) -> None:
    """Send a mail to `BANK_MAIL_TO`; without a mail server or recipients, keep it beside the artifacts and say so."""
    settings = Settings()
    recipients = [address.strip() for address in settings.mail_to.split(",") if address.strip()]
    if not recipients or not _configured():
        what = "no recipients (BANK_MAIL_TO)" if not recipients else f"no mail server (connection {SMTP_CONNECTION})"
        log.info("%s: the mail %r is kept at %s", what, mail.subject, _keep(mail, settings))
        return
    try:
        SmtpNotifier(to=recipients, subject=mail.subject, html_content=mail.html, smtp_conn_id=SMTP_CONNECTION).notify(context)
        log.info("mailed %r to %s", mail.subject, ", ".join(recipients))
    except Exception as error:  # whatever the mail server does, the run goes on
        log.warning("the mail %r could not be sent (%s); it is kept at %s", mail.subject, error, _keep(mail, settings))


def _configured() -> bool:
    try:
        return bool(Connection.get(SMTP_CONNECTION).host)
    except (AirflowRuntimeError, LookupError, KeyError):
        return False
    except Exception as error:  # Airflow raises a private AirflowNotFoundException from several places
        log.debug("no connection %s: %s", SMTP_CONNECTION, error)
        return False


def _keep(mail: Mail, settings: Settings) -> str:
    store = open_store(settings)
    name = re.sub(r"[^A-Za-z0-9]+", "-", mail.subject).strip("-")[:80]
    uri = store.uri("mail", f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{name}.html")
    store.write_bytes(uri, mail.html.encode())
    return uri


class FailureMail(BaseNotifier):
    """`on_failure_callback` of every task: one mail when a task has finally failed, with the reason in words."""

    def notify(self, context: Context) -> None:
        """Send the mail. Airflow calls this when no retry is left."""
        try:
            write_reason(context)
            send(failure_mail(context), context)
        except Exception:  # an alert that fails must not hide the failure it is about
            log.exception("the failure mail could not be made")


def write_reason(context: Mapping[str, Any]) -> None:
    """Keep the reason of a failure beside the run's artifacts, for whoever asks without Airflow's database."""
    run, error = run_context(context), context.get("exception")
    told = {
        "error": type(error).__name__,
        "message": str(error),
        "rule": getattr(error, "rule", ""),
        "location": getattr(error, "location", ""),
    }
    run.store.write_bytes(run.error_uri(context["ti"].task_id), json.dumps(told).encode())


def failure_mail(context: Mapping[str, Any]) -> Mail:
    """The mail about a task that failed."""
    ti, error = context["ti"], context.get("exception")
    kind, words = type(error).__name__, str(error) or "no reason given"
    rule, location = getattr(error, "rule", ""), getattr(error, "location", "")
    try:
        as_of = str(resolve_as_of(context))
    except Exception as unresolved:  # a wrong as_of is itself a reason to fail
        as_of = f"unknown ({unresolved})"
    rows = {
        "What": words,
        "Rule": rule,
        "Where": location,
        "DAG and run": f"{ti.dag_id}, {ti.run_id}",
        "Task": f"{ti.task_id}, try {ti.try_number} of {ti.max_tries + 1}",
        "As of": as_of,
        "Kind": f"{kind} (docs/runbooks.md#{kind.lower()})",
    }
    cells = "".join(
        f'<tr><th style="text-align:left;vertical-align:top;padding:6px 12px 6px 0;color:#5a6578">{escape(name)}</th>'
        f'<td style="padding:6px 0;overflow-wrap:anywhere">{escape(str(value))}</td></tr>'
        for name, value in rows.items()
        if value
    )
    html = (
        '<div style="font-family:Segoe UI,Helvetica,Arial,sans-serif;max-width:640px;margin:auto;color:#1f2a44;font-size:15px">'
        f'<h2 style="color:#b3261e;font-size:19px">{escape(ti.task_id)} failed</h2>'
        f'<table style="border-collapse:collapse;width:100%">{cells}</table>'
        f'<p><a href="{escape(ti.log_url)}" style="color:#0b6e99">Open the log</a></p></div>'
    )
    about = rule or kind
    return Mail(f"[bank-marketing] {ti.dag_id}.{ti.task_id} failed for {as_of}: {about}", html)
