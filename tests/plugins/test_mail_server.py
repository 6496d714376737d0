"""Mails reach real servers of each kind by host, port and login alone; one that does not is said where an operator looks."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import Connection

from bank_marketing.artifacts import open_store
from bank_marketing.settings import Settings
from bank_marketing_airflow import mail_server as servers
from bank_marketing_airflow.mail import send
from bank_marketing_airflow.mail_content import Mail
from bank_marketing_airflow.pages import mails as mails_page
from bank_marketing_airflow.undelivered import undelivered
from scripts.environment import PROJECT
from tests.support.mail_server import mail_server, smtp_connection, write_certificate
from tests.support.mlflow_server import free_port
from tests.support.task_context import task_context

LOGIN = {"login": "airflow", "password": "secret"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BANK_HOME", str(tmp_path))
    monkeypatch.setenv("BANK_MAIL_TO", "oncall@bank.example")
    for name in ("BANK_ARTIFACT_ROOT", "AIRFLOW_CONN_SMTP_DEFAULT"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_certificate(tmp_path_factory.mktemp("tls") / "server.pem")


def connect(
    monkeypatch: pytest.MonkeyPatch, port: int, custom: int, extra: dict[str, Any] | None = None, **fields: str
) -> None:
    """Let the alerts go to a server of this machine, on a port that has the custom of a well-known one."""
    monkeypatch.setitem(servers.BY_PORT, port, servers.BY_PORT[custom])
    stated = {"from_email": "airflow@bank.example", "timeout": 5} | (extra or {})
    connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": stated} | fields
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(connection))


def send_one() -> list[str]:
    """Send a mail; returns the reasons of what is not delivered."""
    send(Mail("[bank-marketing] it broke", "<p>words</p>"), task_context())  # type: ignore[arg-type]
    return [entry.reason for entry in undelivered(open_store(Settings()))]


@pytest.mark.parametrize(("custom", "encryption"), [(587, "STARTTLS"), (2525, "STARTTLS"), (465, "TLS")])
def test_a_server_that_wants_encryption_and_a_login_gets_both(
    custom: int, encryption: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with mail_server(encryption, certificate) as inbox:
        connect(monkeypatch, inbox.port, custom, **LOGIN)
        assert send_one() == []
        assert (inbox.subjects(), inbox.encrypted) == (["[bank-marketing] it broke"], [True])


@pytest.mark.parametrize("extra", [{}, {"disable_ssl": False, "disable_tls": False}])  # as Airflow's form writes it
def test_the_banks_own_relay_on_25_gets_neither(extra: dict[str, bool], monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server() as inbox:
        connect(monkeypatch, inbox.port, 25, extra)
        assert send_one() == []
        assert inbox.encrypted == [False]


@pytest.mark.parametrize(
    ("uri", "encryption"),
    [
        ("smtp://mail:25", "none"),
        ("smtp://mail", "none"),
        ("smtp://user:password@mail:25", "STARTTLS"),  # a password never goes in the clear unasked
        ("smtp://user:password@mail:25/?disable_tls=true", "none"),
        ("smtp://user:password@mail:587", "STARTTLS"),
        ("smtp://user:password@mail:587/?disable_ssl=true", "STARTTLS"),
        ("smtp://user:password@mail:587/?disable_ssl=false&disable_tls=false", "STARTTLS"),
        ("smtp://mail:587/?disable_tls=true", "none"),
        ("smtp://mail:465", "TLS"),
        ("smtp://mail:465/?disable_ssl=false", "TLS"),
        ("smtp://mail:465/?disable_ssl=true", "STARTTLS"),
        ("smtp://mail:1025", "TLS"),
        ("smtp://mail:1025/?disable_ssl=true", "STARTTLS"),
        ("smtp://mail:1025/?disable_ssl=true&disable_tls=true", "none"),  # the mailbox of docker-compose.yaml
    ],
)
def test_what_is_left_open_follows_from_the_port(uri: str, encryption: str) -> None:
    assert servers.encryption(Connection.from_uri(uri, conn_id="smtp_default")) == encryption


@pytest.mark.parametrize(
    ("custom", "encryption", "trusted", "fields", "reason"),
    [
        (465, "STARTTLS", True, LOGIN, "it does not speak TLS at once on this port: 587 is for STARTTLS"),
        (587, "STARTTLS", False, LOGIN, "SSL_CERT_FILE=/path/to/ca.pem"),
        (587, "STARTTLS", True, LOGIN | {"password": "old"}, "check login and password"),
        (587, "STARTTLS", True, {}, "check from_email of the connection and the recipients"),
        (587, "none", True, {}, "it offers no STARTTLS"),
    ],
)
def test_a_mail_that_does_not_arrive_is_an_error_with_the_remedy(
    custom: int,
    encryption: str,
    trusted: bool,
    fields: dict[str, str],
    reason: str,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with mail_server(encryption, certificate if encryption != "none" else None) as inbox:
        connect(monkeypatch, inbox.port, custom, **fields)
        [told] = send_one()
        assert inbox.mails == []
    assert reason in told
    assert f"127.0.0.1:{inbox.port}" in told
    assert "\n" not in told
    [record] = [record for record in caplog.records if "UNDELIVERED" in record.message]
    assert record.levelno == logging.ERROR
    assert reason in mails_page.page().replace("&#39;", "'")
    assert "[bank-marketing] it broke" in mails_page.page()


@pytest.mark.parametrize(
    ("connection", "recipients", "reason"),
    [
        ('{"conn_type": "smtp", "host": ', "oncall@bank.example", "AIRFLOW_CONN_SMTP_DEFAULT is neither JSON nor a URI"),
        ("", "oncall@bank.example", "there is no mail server"),
        (smtp_connection(free_port()), "", "there are no recipients (BANK_MAIL_TO)"),
        ('{"conn_type": "smtp", "host": "127.0.0.1", "port": 25}', "oncall@bank.example", 'add "from_email" to its extra'),
        (smtp_connection(free_port()), "oncall@bank.example", "check host and port"),
    ],
)
def test_half_of_a_configuration_is_not_silence(
    connection: str, recipients: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", connection)
    monkeypatch.setenv("BANK_MAIL_TO", recipients)
    [told] = send_one()
    assert reason in told


def test_the_page_is_calm_when_there_is_nothing_and_shows_text_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "None: every mail" in mails_page.page()
    send(Mail("<script>alert(1)</script>", "<p>words</p>"), task_context())  # type: ignore[arg-type]
    assert "<script>" not in mails_page.page()


def mail_test(**environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.mail_test"]
    return subprocess.run(command, env=os.environ | environ, cwd=PROJECT, capture_output=True, text=True, check=False)


def test_mail_test_sends_one_and_names_those_that_nobody_got(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(send_one()) == 1
    with mail_server() as inbox:
        done = mail_test(AIRFLOW_CONN_SMTP_DEFAULT=inbox.connection)
        assert inbox.subjects() == ["[bank-marketing] a test of the mail server"]
    assert done.returncode == 0, done.stderr
    sent, missed = done.stdout.splitlines()
    assert sent == f"sent to oncall@bank.example through 127.0.0.1:{inbox.port} (without encryption)"
    assert missed.startswith("1 earlier mail(s) were not delivered, the last at ")
    failed = mail_test(AIRFLOW_CONN_SMTP_DEFAULT=inbox.connection)  # the server has gone
    assert failed.returncode == 1
    assert failed.stdout.startswith(f"127.0.0.1:{inbox.port} (without encryption) did not take it: ")
    assert failed.stdout.count("\n") == 1
    assert "Traceback" not in failed.stderr
    nothing = mail_test(AIRFLOW_CONN_SMTP_DEFAULT="", BANK_MAIL_TO="")
    assert nothing.returncode == 2
    assert nothing.stdout.startswith("no mails are wanted")
