"""A real SMTP server on a free local port that keeps what it is sent: without encryption, with STARTTLS, or with TLS at once."""

from __future__ import annotations

import email
import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.support.mlflow_server import free_port


@dataclass
class Inbox:
    """The mails that arrived, oldest first, and the Airflow connection that leads to the server."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)

    @property
    def connection(self) -> str:
        """Value of AIRFLOW_CONN_SMTP_DEFAULT."""
        return smtp_connection(self.port)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd's name
        """Keep a mail."""
        message = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.mails.append(message)
        self.encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
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
def mail_server(encryption: str = "none", certificate: Path | None = None) -> Iterator[Inbox]:
    """Run the server; one with encryption (`STARTTLS` or `TLS`) has a certificate, and takes only who logs in as airflow, "secret"."""
    inbox = Inbox(free_port())
    options: dict[str, Any] = {}
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        options = {"authenticator": _authenticate, "auth_required": True}
        if encryption == "STARTTLS":
            options |= {"tls_context": context, "require_starttls": True}
        else:
            options |= {"ssl_context": context, "auth_require_tls": False}  # it does not count TLS from the first byte
    controller = Controller(inbox, hostname="127.0.0.1", port=inbox.port, **options)
    controller.start()
    try:
        yield inbox
    finally:
        controller.stop()


def _authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword)
    return AuthResult(success=(data.login, data.password) == (b"airflow", b"secret"), handled=False)


def write_certificate(path: Path) -> Path:
    """A certificate of 127.0.0.1 with its key, signed by itself, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return path
