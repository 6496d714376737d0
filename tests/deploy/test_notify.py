"""How people learn how a pipeline ended."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from scripts.deploy import notify
from scripts.deploy.images import Images
from scripts.deploy.record import Move, Release
from scripts.smoke_test import Probe
from tests.deploy.commands import deploy, done
from tests.support.aws import Account

#: The endpoint starts, makes its stacks and a model in the first test that needs them; on a busy machine that takes minutes.
pytestmark = pytest.mark.timeout(900)


WELL = {name: {"result": "success", "outputs": {}} for name in ("quality", "build", "staging", "production")}
COMMIT = "abcdef0123456789abcdef0123456789abcdef01"


def release(outcome: Any, reason: str = "") -> Release:
    return Release(
        release_id="1", environment="staging", commit=COMMIT, who="someone", started_at=datetime(2026, 11, 25, 10, tzinfo=UTC),
        ended_at=datetime(2026, 11, 25, 10, 6, tzinfo=UTC), images=Images({}), outcome=outcome, reason=reason,
        moves=(Move(service="api", former="api:1", new="api:2"),), probes=(Probe(name="alive", ok=True, seconds=0.1, said="alive"),),
    )  # fmt: skip


@pytest.fixture
def records(tmp_path: Path) -> Path:
    folder = tmp_path / "records"
    (folder / "record-staging").mkdir(parents=True)
    return folder


def test_the_mail_says_what_ran_where(account: Account, records: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (records / "record-staging" / "staging.json").write_text(release("deployed").model_dump_json())
    account.clients.mail.create_email_identity(EmailIdentity="pipeline@bank.example")
    monkeypatch.setenv("NOTIFY_MAIL_FROM", "pipeline@bank.example")
    monkeypatch.setenv("NOTIFY_MAIL_TO", "team@bank.example, oncall@bank.example")
    done(
        "notify",
        "--needs",
        json.dumps(WELL),
        "--commit",
        COMMIT,
        "--records",
        str(records),
        "--run-url",
        "https://ci.example/1",
    )
    sent = account.mails()[-1]
    assert sent["subject"] == "[bank-marketing] abcdef01 deployed to staging"
    assert sent["destinations"]["ToAddresses"] == ["team@bank.example", "oncall@bank.example"]
    for line in (
        "✓ production: success",
        "staging: deployed after 6.0 min, by someone",
        "api: api:1 -> api:2",
        "https://ci.example/1",
    ):
        assert line in sent["body"]


def test_a_sender_that_ses_does_not_know_is_said(account: Account, records: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_MAIL_FROM", "nobody@elsewhere.example")
    monkeypatch.setenv("NOTIFY_MAIL_TO", "team@bank.example")
    told = deploy("notify", "--needs", json.dumps(WELL), "--commit", COMMIT, "--records", str(records))
    assert told.exit_code == 1
    assert "not verified" in told.output


def test_a_failure_and_a_rollback_stand_in_the_subject() -> None:
    jobs = {"quality": "success", "staging": "failure", "production": "skipped"}
    message = notify.compose(jobs, COMMIT, "", [release("rolled back", "ready: no model")])
    assert message.subject.endswith("FAILED in staging; rolled back in staging")
    assert "ready: no model" in message.text
    assert "· production: skipped" in message.text


class Chat(BaseHTTPRequestHandler):
    """An incoming webhook."""

    taken: list[dict[str, str]]
    status = 200

    def do_POST(self) -> None:
        self.taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def chat() -> Iterator[tuple[str, type[Chat]]]:
    kind = type("OneChat", (Chat,), {"taken": []})
    server = HTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook/s3cr3t", kind
    server.shutdown()


def test_a_chat_gets_the_same_words(chat: tuple[str, type[Chat]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NOTIFY_WEBHOOK_URL", chat[0])
    done("notify", "--needs", json.dumps(WELL), "--commit", COMMIT, "--records", str(tmp_path))
    assert chat[1].taken[0]["text"].startswith("*[bank-marketing] abcdef01 passed; nothing was deployed*")
    chat[1].status = 500
    told = deploy("notify", "--needs", json.dumps(WELL), "--commit", COMMIT, "--records", str(tmp_path))
    assert told.exit_code == 1
    assert "s3cr3t" not in told.output


def test_nobody_to_tell_is_an_error_and_not_a_silence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("NOTIFY_MAIL_FROM", "NOTIFY_MAIL_TO", "NOTIFY_WEBHOOK_URL"):
        monkeypatch.delenv(name, raising=False)
    told = deploy("notify", "--needs", json.dumps(WELL), "--commit", COMMIT, "--records", str(tmp_path))
    assert told.exit_code == 1
    assert "nobody is told" in told.output
    assert deploy("notify", "--needs", "[]", "--commit", COMMIT).exit_code == 1
