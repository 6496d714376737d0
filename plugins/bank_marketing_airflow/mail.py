"""Mails: what happened, in words, with the place to look. A mail server that is down never fails a run."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from functools import cached_property
from typing import Any

from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.sdk import BaseNotifier, Connection, Context
from airflow.sdk.exceptions import AirflowRuntimeError

from bank_marketing.artifacts import open_store
from bank_marketing.settings import Settings
from bank_marketing_airflow.alerts import run_alert, task_alert
from bank_marketing_airflow.mail_content import Mail, plain_text
from bank_marketing_airflow.run_context import run_context

SMTP_CONNECTION = "smtp_default"

log = logging.getLogger(__name__)


class _PlainAndHtmlHook(SmtpHook):
    """The provider sends HTML alone; a phone's lock screen and a terminal want the words."""

    def _build_mime_message(self, *args: Any, **kwargs: Any) -> tuple[MIMEMultipart, list[str]]:
        message, recipients = super()._build_mime_message(*args, **kwargs | {"mime_subtype": "alternative"})
        plain = MIMEText(plain_text(kwargs["html_content"]), "plain", "utf-8")
        message.set_payload([plain, *message.get_payload()])  # the last alternative is the preferred one
        return message, recipients


class _Notifier(SmtpNotifier):
    @cached_property
    def hook(self) -> SmtpHook:
        return _PlainAndHtmlHook(smtp_conn_id=self.smtp_conn_id, auth_type=self.auth_type)


def send(mail: Mail, context: Context) -> None:
    """Send a mail to `BANK_MAIL_TO`, else to the `recipients` that the connection's extra names.

    Without a mail server or recipients it is kept beside the artifacts, and the log says so.
    """
    settings, server = Settings(), _server()
    stated = settings.mail_to or (str(server.extra_dejson.get("recipients", "")) if server else "")
    recipients = [address.strip() for address in stated.split(",") if address.strip()]
    if not recipients or server is None:
        what = "no recipients (BANK_MAIL_TO)" if not recipients else f"no mail server (connection {SMTP_CONNECTION})"
        log.info("%s: the mail %r is kept at %s", what, mail.subject, _keep(mail, settings))
        return
    try:
        _Notifier(to=recipients, subject=mail.subject, html_content=mail.html, smtp_conn_id=SMTP_CONNECTION).notify(context)
        log.info("mailed %r to %s", mail.subject, ", ".join(recipients))
    except Exception as error:  # whatever the mail server does, the run goes on
        log.warning("the mail %r could not be sent (%s); it is kept at %s", mail.subject, error, _keep(mail, settings))


def _server() -> Connection | None:
    """The mail server's connection, None where there is none or it names no host."""
    try:
        found = Connection.get(SMTP_CONNECTION)
        return found if found.host else None
    except (AirflowRuntimeError, LookupError, KeyError):
        return None
    except Exception as error:  # Airflow raises a private AirflowNotFoundException from several places
        log.debug("no connection %s: %s", SMTP_CONNECTION, error)
        return None


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
        except Exception as error:  # a wrong as_of, a store that is full: just what the mail is to tell
            log.warning("the reason could not be kept beside the artifacts: %s", error)
        try:
            send(task_alert(context), context)
        except Exception:  # an alert that fails must not hide the failure it is about
            log.exception("the failure mail could not be made")


class RunFailureMail(BaseNotifier):
    """`on_failure_callback` of every DAG: one mail when a run has failed, also when it ran out of time or was killed."""

    def notify(self, context: Context) -> None:
        """Send the mail. Airflow calls this in the DAG processor."""
        try:
            send(run_alert(context), context)
        except Exception:  # as above
            log.exception("the mail about the failed run could not be made")


def write_reason(context: Mapping[str, Any]) -> None:
    """Keep the reason of a failure beside the run's artifacts, for whoever asks without Airflow's database."""
    run, error = run_context(context), context.get("exception")
    told = {
        "error": type(error).__name__,
        "message": str(error),
        "rule": getattr(error, "rule", ""),
        "location": getattr(error, "location", ""),
        "at": datetime.now(UTC).isoformat(),
    }
    run.store.write_bytes(run.error_uri(context["ti"].task_id), json.dumps(told).encode())
