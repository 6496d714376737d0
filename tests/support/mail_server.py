"""A real SMTP server on a free local port that keeps what it is sent."""

from __future__ import annotations

import email
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller

from tests.support.mlflow_server import free_port


@dataclass
class Inbox:
    """The mails that arrived, oldest first, and the Airflow connection that leads to the server."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)

    @property
    def connection(self) -> str:
        """Value of AIRFLOW_CONN_SMTP_DEFAULT."""
        return smtp_connection(self.port)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd's name
        """Keep a mail."""
        message = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.mails.append(message)
        return "250 kept"

    def subjects(self) -> list[str]:
        """Subjects, oldest first."""
        return [str(mail["Subject"]) for mail in self.mails]

    def wait(self, subject: str, seconds: float = 240) -> EmailMessage:
        """The first mail whose subject contains `subject`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for mail in self.mails:
                if subject in str(mail["Subject"]):
                    return mail
            time.sleep(0.2)
        raise TimeoutError(f"no mail about {subject!r}: {self.subjects()}")


def smtp_connection(port: int) -> str:
    """An Airflow connection to an SMTP server without encryption on this machine."""
    extra = {"disable_ssl": True, "disable_tls": True, "from_email": "airflow@bank.example", "timeout": 5, "retry_limit": 1}
    return json.dumps({"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": extra})


def part(mail: EmailMessage, subtype: str) -> str:
    """The text of a mail's `plain` or `html` part."""
    found = mail.get_body((subtype,))
    assert found is not None, f"no {subtype} part"
    return str(found.get_content())


@contextmanager
def mail_server() -> Iterator[Inbox]:
    """Run the server."""
    inbox = Inbox(free_port())
    controller = Controller(inbox, hostname="127.0.0.1", port=inbox.port)
    controller.start()
    try:
        yield inbox
    finally:
        controller.stop()
