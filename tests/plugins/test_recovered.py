"""Faults that passed are in the mail of the night, and in no other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bank_marketing.errors import StoreUnavailable
from bank_marketing_airflow.addresses import reachable
from bank_marketing_airflow.mail_content import plain_text
from bank_marketing_airflow.recovered import RetryNote, note, recovered_mail_part
from bank_marketing_airflow.run_context import run_context
from tests.support.task_context import task_context

NOW = datetime(2010, 7, 1, 2, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BANK_HOME", str(tmp_path))
    monkeypatch.delenv("BANK_ARTIFACT_ROOT", raising=False)
    return tmp_path


def test_the_retries_of_a_day_are_told_with_their_reasons() -> None:
    failed = task_context("train_model", error=StoreUnavailable("<s3> does not answer"))
    for hours in (1, 23, 25, -1):
        note(failed, NOW - timedelta(hours=hours))
    words = plain_text(recovered_mail_part(run_context(failed), NOW))
    assert words.splitlines() == [
        "Tried again in the last 24 hours:",
        "",
        "2010-06-30 03:30 bank_marketing_training.train_model: StoreUnavailable: <s3> does not answer",
        "2010-07-01 01:30 bank_marketing_training.train_model: StoreUnavailable: <s3> does not answer",
    ]


def test_a_day_without_faults_has_nothing_to_tell() -> None:
    assert recovered_mail_part(run_context(task_context()), NOW) == ""


def test_a_task_that_was_killed_is_told_too() -> None:
    RetryNote().notify(task_context("validate_data"))  # type: ignore[arg-type]
    assert "bank_marketing_training.validate_data: the task was killed" in recovered_mail_part(run_context(task_context()))


def test_a_note_that_cannot_be_written_fails_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (home / "full").touch()
    monkeypatch.setenv("BANK_ARTIFACT_ROOT", str(home / "full"))
    RetryNote().notify(task_context())  # type: ignore[arg-type]
    assert "could not be noted" in caplog.text


def test_what_a_mail_links_can_be_opened_by_a_browser() -> None:
    run = run_context(task_context())
    html = f'<a href="{run.component_uri("notify_success")}/report.html">The whole report</a>'
    pages = "http://localhost:8080/bank-marketing/runs"
    assert reachable(html, run) == (
        f'<a href="{pages}/bank_marketing_training/2010-06-30/manual__1/notify_success/report.html">The whole report</a>'
    )
