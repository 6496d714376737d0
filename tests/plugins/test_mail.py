"""Alerts, sent to a real mail server: one mail, readable as a page and as words, and never the reason why a run fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup

from bank_marketing.artifacts import open_store
from bank_marketing.errors import ContractViolation, RegistryUnavailable
from bank_marketing.settings import Settings
from bank_marketing_airflow.mail import FailureMail, Mail, RunFailureMail, send
from bank_marketing_airflow.mail_content import plain_text
from bank_marketing_airflow.undelivered import undelivered
from tests.support.mail_server import Inbox, mail_server, part, smtp_connection
from tests.support.mlflow_server import free_port
from tests.support.task_context import task_context

VIOLATION = ContractViolation(
    "column `age`: 3 values outside 17..98 (rows 4, 9, 11)", rule="age_in_range", location="contacts/dt=2010-06-30/contacts.csv"
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BANK_HOME", str(tmp_path))
    for name in ("BANK_ARTIFACT_ROOT", "BANK_MAIL_TO", "AIRFLOW_CONN_SMTP_DEFAULT"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    with mail_server() as server:
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", server.connection)
        monkeypatch.setenv("BANK_MAIL_TO", "oncall@bank.example, ml@bank.example")
        yield server


def kept(home: Path) -> list[str]:
    return [path.read_text() for path in sorted((home / "artifacts" / "mail").glob("*.html"))]


def test_one_mail_says_what_broke_where_and_where_to_look(inbox: Inbox, home: Path) -> None:
    docs = home / "artifacts/runs/bank_marketing_training/2010-06-30/manual__1/validate_data/manifest.json"
    docs.parent.mkdir(parents=True)
    docs.write_text("{}")
    FailureMail().notify(task_context("validate_data", error=VIOLATION))
    [mail] = inbox.mails
    assert mail["Subject"] == "[bank-marketing] bank_marketing_training.validate_data failed for 2010-06-30: age_in_range"
    assert mail["To"] == "oncall@bank.example, ml@bank.example"
    assert [found.get_content_type() for found in mail.iter_parts()] == ["text/plain", "text/html"]
    page = BeautifulSoup(part(mail, "html"), "html.parser")
    for text in (part(mail, "plain"), page.get_text(" ")):
        for fact in (
            "column `age`: 3 values outside 17..98 (rows 4, 9, 11)", "age_in_range", "contacts/dt=2010-06-30/contacts.csv",
            "2010-06-30", "bank_marketing_training, manual__1", "validate_data, try 3: trying again would not help", "ContractViolation",
            "docs/runbooks.md#contractviolation",
        ):  # fmt: skip
            assert fact in text, fact
    links = {link.get_text(): link["href"] for link in page.find_all("a")}
    run = "http://localhost:8080/dags/bank_marketing_training/runs/manual__1"
    assert links["Open the log"] == f"{run}/tasks/validate_data?try_number=3"
    assert links["Open the run"] == run
    pages = "http://localhost:8080/bank-marketing"
    assert links["Data Docs"] == f"{pages}/runs/bank_marketing_training/2010-06-30/manual__1/validate_data/data_docs/index.html"
    assert links["Runbook"] == f"{pages}/runbooks#contractviolation"
    for link in links.values():
        assert link in part(mail, "plain")


def test_the_reason_is_kept_beside_the_artifacts(home: Path) -> None:
    FailureMail().notify(task_context("validate_data", error=VIOLATION))
    path = home / "artifacts/runs/bank_marketing_training/2010-06-30/manual__1/errors/validate_data.json"
    told = json.loads(path.read_text())
    assert (told["error"], told["rule"], told["message"]) == ("ContractViolation", "age_in_range", str(VIOLATION))


def test_a_failure_without_rule_is_named_by_its_kind(inbox: Inbox) -> None:
    FailureMail().notify(task_context("train_model", error=RegistryUnavailable("http://mlflow:5000 does not answer")))
    assert inbox.subjects() == [
        "[bank-marketing] bank_marketing_training.train_model failed for 2010-06-30: RegistryUnavailable"
    ]
    assert "Rule" not in part(inbox.mails[0], "plain")
    assert "train_model, try 3 of 3" in part(inbox.mails[0], "plain")


def test_a_task_that_was_killed_has_a_mail_too(inbox: Inbox) -> None:
    FailureMail().notify(task_context())
    assert "it was killed, or its machine went away" in part(inbox.mails[0], "plain")


def test_an_as_of_that_is_no_date_still_makes_a_mail(inbox: Inbox) -> None:
    FailureMail().notify(task_context(params={"as_of": "tomorrow"}, error=ValueError("x")))
    assert inbox.subjects() == ["[bank-marketing] bank_marketing_training.ingest_data failed: ValueError"]
    assert "As of" not in part(inbox.mails[0], "plain")


def test_a_store_that_takes_nothing_does_not_keep_the_mail_back(
    inbox: Inbox, home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (home / "full").touch()
    monkeypatch.setenv("BANK_ARTIFACT_ROOT", str(home / "full"))
    FailureMail().notify(task_context(error=VIOLATION))
    assert len(inbox.mails) == 1
    assert "could not be kept" in caplog.text


def test_what_landed_cannot_write_the_mail(inbox: Inbox) -> None:
    hostile = ContractViolation("<script>alert(1)</script> {{ conf }}", rule="job\r\nBcc: thief@example.com", location="x")
    FailureMail().notify(task_context(error=hostile))
    [mail] = inbox.mails
    assert mail["Bcc"] is None
    assert "job Bcc:" in str(mail["Subject"])
    assert "<script>" not in part(mail, "html")
    assert "{{ conf }}" in part(mail, "html")


def test_a_failure_that_a_task_has_told_has_no_second_mail(inbox: Inbox) -> None:
    RunFailureMail().notify(task_context() | {"reason": "task_failure"})
    assert inbox.mails == []


@pytest.mark.parametrize(
    ("reason", "says"), [("all_tasks_deadlocked", "all_tasks_deadlocked"), ("timed_out", "took longer than it may")]
)
def test_a_run_that_failed_by_itself_has_a_mail(inbox: Inbox, reason: str, says: str) -> None:
    RunFailureMail().notify(task_context() | {"reason": reason})
    [mail] = inbox.mails
    assert says in part(mail, "plain")
    assert "/dags/bank_marketing_training/runs/manual__1" in part(mail, "plain")


def test_a_server_that_is_down_keeps_the_mail_and_stops_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", smtp_connection(free_port()))
    monkeypatch.setenv("BANK_MAIL_TO", "oncall@bank.example")
    FailureMail().notify(task_context(error=VIOLATION))
    [page] = kept(home)
    assert "age_in_range" in page
    assert "UNDELIVERED" in caplog.text


def test_where_no_mails_are_wanted_they_are_kept_and_said_so(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        send(Mail("a subject", "<p>words</p>"), task_context())  # type: ignore[arg-type]
    assert kept(home) == ["<p>words</p>"]
    assert "no mail server" in caplog.text
    assert undelivered(open_store(Settings())) == []


def test_the_recipients_may_stand_in_the_connection(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server() as server:
        connection = json.loads(server.connection)
        connection["extra"]["recipients"] = "oncall@bank.example, ml@bank.example"
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(connection))
        send(Mail("a subject", "<p>words</p>"), task_context())  # type: ignore[arg-type]
        assert [mail["To"] for mail in server.mails] == ["oncall@bank.example, ml@bank.example"]
    assert kept(home) == []


def test_an_alert_that_cannot_be_made_never_raises(caplog: pytest.LogCaptureFixture) -> None:
    FailureMail().notify({"ti": SimpleNamespace()})  # type: ignore[typeddict-item]
    RunFailureMail().notify({})  # type: ignore[typeddict-item]
    assert "the failure mail could not be made" in caplog.text
    assert "the mail about the failed run could not be made" in caplog.text


def test_the_words_of_a_page() -> None:
    html = "<style>p {}</style><h2>It  failed</h2><table><tr><th>Rule</th><td>a &amp; b</td></tr></table><a href='http://x'>Log</a>"
    assert plain_text(html) == "It failed\n\nRule: a & b\nLog: http://x\n"
