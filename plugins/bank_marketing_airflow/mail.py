"""Mails: what happened, in words, with the place to look. A mail that cannot be sent fails no run, and never goes unsaid."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.sdk import BaseNotifier, Context

from bank_marketing.artifacts import open_store
from bank_marketing.errors import ConfigError
from bank_marketing.settings import Settings
from bank_marketing_airflow.alerts import run_alert, task_alert
from bank_marketing_airflow.mail_content import Mail
from bank_marketing_airflow.mail_server import SMTP_CONNECTION, MailHook, explained, place, sender, server
from bank_marketing_airflow.run_context import run_context
from bank_marketing_airflow.undelivered import keep, record

log = logging.getLogger(__name__)


class MailNotDelivered(ConfigError):
    """A mail was to be sent and was not; the message says why and what to do."""


class _Notifier(SmtpNotifier):
    @cached_property
    def hook(self) -> SmtpHook:
        return MailHook(smtp_conn_id=self.smtp_conn_id, auth_type=self.auth_type)


def send(mail: Mail, context: Context) -> None:
    """Send a mail to `BANK_MAIL_TO`, else to the `recipients` that the connection's extra names.

    Where neither a server nor recipients are named, it is kept beside the artifacts. Where it cannot be sent, it is kept with the reason:
    the log has an ERROR, Airflow's page *Undelivered mails* and `make doctor` show it.
    """
    settings = Settings()
    try:
        sent = deliver(mail, context)
    except MailNotDelivered as error:
        uri = record(open_store(settings), mail, settings.mail_to, str(error))
        log.error(
            "UNDELIVERED: the mail %r could not be sent: %s. It is kept at %s; try the server with `make mail-test`",
            mail.subject,
            error,
            uri,
        )
        return
    if sent:
        log.info("mailed %r to %s", mail.subject, sent)
    else:
        what = f"no mail server (connection {SMTP_CONNECTION}) and no recipients (BANK_MAIL_TO)"
        log.info("%s: the mail %r is kept at %s", what, mail.subject, keep(open_store(settings), mail))


def deliver(mail: Mail, context: Context) -> str:
    """Send a mail, and return where it went; empty where no mails are wanted, since neither server nor recipients are named.

    Raises:
        MailNotDelivered: it could not be sent, or only one of the two is named.
    """
    try:
        connection = server()
        stated = Settings().mail_to or (str(connection.extra_dejson.get("recipients", "")) if connection else "")
        recipients = [address.strip() for address in stated.split(",") if address.strip()]
        if connection is None:
            if recipients:
                raise MailNotDelivered(
                    f"BANK_MAIL_TO names recipients, and there is no mail server (connection {SMTP_CONNECTION})"
                )
            return ""
        if not recipients:
            raise MailNotDelivered(f"{place(connection)} is the mail server, and there are no recipients (BANK_MAIL_TO)")
        sender(connection)
    except MailNotDelivered:
        raise
    except ConfigError as error:
        raise MailNotDelivered(str(error)) from error
    try:
        _Notifier(to=recipients, subject=mail.subject, html_content=mail.html, smtp_conn_id=SMTP_CONNECTION).notify(context)
    except Exception as error:  # whatever the mail server does, the run goes on
        raise MailNotDelivered(explained(error, connection)) from error
    return f"{', '.join(recipients)} through {place(connection)}"


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
    """`on_failure_callback` of every DAG: one mail when a run has failed for a reason that no task's mail tells, as when its time is up."""

    def notify(self, context: Context) -> None:
        """Send the mail. Airflow calls this in the DAG processor."""
        if str(context.get("reason")) == "task_failure":
            return  # the task that failed has sent its own, with the reason
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
