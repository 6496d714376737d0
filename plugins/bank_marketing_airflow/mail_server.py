"""The mail server: one Airflow connection, of which what it leaves open follows from its port, as every mail program has it."""

from __future__ import annotations

import os
import smtplib
import ssl
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any, Literal

from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.sdk import Connection

from bank_marketing.errors import ConfigError
from bank_marketing_airflow.mail_content import plain_text

SMTP_CONNECTION = "smtp_default"
VARIABLE = f"AIRFLOW_CONN_{SMTP_CONNECTION.upper()}"

Encryption = Literal["none", "STARTTLS", "TLS"]

#: Port -> how a server on it speaks: 25 between servers, 587 and 2525 for who logs in and asks for TLS, 465 with TLS from the first byte.
BY_PORT: dict[int, Encryption] = {25: "none", 465: "TLS", 587: "STARTTLS", 2525: "STARTTLS"}


def server() -> Connection | None:
    """The connection, None where there is none or it names no host. Raises ConfigError where it is stated and cannot be read."""
    try:
        found = Connection.get(SMTP_CONNECTION)
    except Exception as error:  # Airflow raises its AirflowNotFoundException from several places, some of them private
        if os.environ.get(VARIABLE):
            raise ConfigError(f"{VARIABLE} is neither JSON nor a URI of a connection: see .env.example") from error
        return None
    return found if found.host else None


def encryption(connection: Connection) -> Encryption:
    """How to speak to a server. `disable_ssl` and `disable_tls` of the connection's extra can only take away.

    On a port without a custom it is TLS from the first byte, as in Airflow. On port 25 a password still asks for STARTTLS.
    """
    without_ssl, without_tls = (_stated(connection, name) for name in ("disable_ssl", "disable_tls"))
    usual = BY_PORT.get(connection.port or smtplib.SMTP_PORT, "TLS")
    if usual == "TLS" and not without_ssl:
        return "TLS"
    wanted = usual != "none" or bool(connection.login)
    return "STARTTLS" if wanted and not without_tls else "none"


def _stated(connection: Connection, name: str) -> bool:
    """In a URI everything is text, and to Airflow `false` is true."""
    return str(connection.extra_dejson.get(name, "")).strip().lower() in ("true", "1", "yes", "on")


def sender(connection: Connection) -> str:
    """Whom mails come from: `from_email` of the extra, else the login where it is an address. Raises ConfigError."""
    login = connection.login or ""
    found = str(connection.extra_dejson.get("from_email") or (login if "@" in login else ""))
    if not found:
        raise ConfigError(f'the connection {SMTP_CONNECTION} names no sender: add "from_email" to its extra, see .env.example')
    return found


def place(connection: Connection) -> str:
    """Server, port and encryption in words."""
    kind = encryption(connection)
    return (
        f"{connection.host}:{connection.port or smtplib.SMTP_PORT} ({'without encryption' if kind == 'none' else f'by {kind}'})"
    )


def explained(error: Exception, connection: Connection) -> str:
    """Why a mail server could not be used, in one line with what to do."""
    what = " ".join(str(error).split())[:300] or type(error).__name__
    if isinstance(error, ssl.SSLCertVerificationError):
        hint = "trust the CA of its certificate with SSL_CERT_FILE=/path/to/ca.pem"
    elif isinstance(error, ssl.SSLError):
        hint = "it does not speak TLS at once on this port: 587 is for STARTTLS, or set disable_ssl in the connection's extra"
    elif isinstance(error, smtplib.SMTPNotSupportedError):
        hint = "it offers no STARTTLS or login: 465 is for TLS from the first byte, disable_tls in the extra does without"
    elif isinstance(error, smtplib.SMTPAuthenticationError):
        hint = "check login and password of the connection"
    elif isinstance(error, smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused):
        hint = "check from_email of the connection and the recipients in BANK_MAIL_TO"
    else:
        hint = "check host and port of the connection"
    return f"{place(connection)} did not take it: {what}; {hint}"


class MailHook(SmtpHook):
    """The provider's hook, which would speak TLS at once on port 587 and STARTTLS after that on 465, with words beside the HTML."""

    @property
    def use_ssl(self) -> bool:
        """TLS from the first byte."""
        return encryption(self.conn) == "TLS"

    @property
    def smtp_starttls(self) -> bool:
        """TLS asked for."""
        return encryption(self.conn) == "STARTTLS"

    @property
    def smtp_retry_limit(self) -> int:
        """Tries after a server has hung up; the provider's five, without a pause between them, only take time."""
        return int(self.conn.extra_dejson.get("retry_limit", 1))

    @property
    def from_email(self) -> str | None:
        """Whom mails come from."""
        return sender(self.conn)

    def _build_mime_message(self, *args: Any, **kwargs: Any) -> tuple[MIMEMultipart, list[str]]:
        """The provider sends HTML alone; a phone's lock screen and a terminal want the words."""
        message, recipients = super()._build_mime_message(*args, **kwargs | {"mime_subtype": "alternative"})
        plain = MIMEText(plain_text(kwargs["html_content"]), "plain", "utf-8")
        message.set_payload([plain, *message.get_payload()])  # the last alternative is the preferred one
        return message, recipients
