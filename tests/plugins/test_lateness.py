"""The mail about a late call list: when it is due, whom it leaves alone, what it says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.definitions.deadline import DeadlineReference
from airflow.sdk.execution_time.callback_supervisor import execute_callback

from bank_marketing_airflow.lateness import late_list_alert
from scripts.environment import PROJECT
from tests.support.mail_server import Inbox, mail_server, part

DAG_ID = "bank_marketing_batch_scoring"

#: A run as Airflow gives it to the callback: its REST API's words.
RUN = {
    "dag_id": DAG_ID, "dag_run_id": "scheduled__2010-06-30T02:00:00+00:00", "run_type": "scheduled", "state": "running",
    "logical_date": "2010-06-30T02:00:00Z", "run_after": "2010-07-01T02:00:00Z", "conf": {},
}  # fmt: skip


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    monkeypatch.setenv("BANK_HOME", str(tmp_path))
    with mail_server() as server:
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", server.connection)
        monkeypatch.setenv("BANK_MAIL_TO", "oncall@bank.example")
        yield server


def miss(**changes: Any) -> None:
    """Do what an executor does when the deadline of such a run has passed."""
    [deadline] = late_list_alert()
    context = {"dag_run": RUN | changes, "deadline": {"id": "1", "deadline_time": "2010-07-01T04:00:00Z"}}
    done = execute_callback(
        deadline.callback.path, deadline.callback.kwargs | {"context": context}, "", None, structlog.get_logger()
    )
    assert done == (True, None)


def test_the_nightly_list_has_a_deadline_before_the_morning() -> None:
    dag = DagBag(str(PROJECT / "dags" / "batch_scoring.py")).dags[DAG_ID]
    [deadline] = dag.deadline
    assert deadline.reference == DeadlineReference.DAGRUN_QUEUED_AT
    assert deadline.interval == timedelta(hours=2)
    assert deadline.callback.path == "bank_marketing_airflow.lateness.tell_late"


def test_people_say_when_it_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANK_LIST_DUE_MINUTES", "90")
    [deadline] = late_list_alert()
    assert deadline.interval == timedelta(minutes=90)


def test_a_run_by_airflow_dags_test_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow 3.3.2 ends such a run with a database error when its DAG has a deadline."""
    monkeypatch.setattr("sys.argv", ["airflow", "dags", "test", DAG_ID])
    assert late_list_alert() == []


@pytest.mark.parametrize(
    ("state", "says"), [("running", "still at work"), ("queued", "has not started"), ("failed", "has failed")]
)
def test_the_mail_says_what_the_run_is_doing(inbox: Inbox, state: str, says: str) -> None:
    miss(state=state)
    [mail] = inbox.mails
    assert str(mail["Subject"]) == f"[bank-marketing] {DAG_ID}: the call list after 2010-06-30 is late"
    words = part(mail, "plain")
    assert says in words
    assert "docs/runbooks.md#call-list-late" in words
    assert "runs/scheduled__2010-06-30T02%3A00%3A00%2B00%3A00" in words


def test_a_day_that_was_asked_for_is_the_one_that_is_told(inbox: Inbox) -> None:
    miss(conf={"as_of": "2010-05-04"}, run_type="manual")
    assert "the call list after 2010-05-04 is late" in inbox.subjects()[0]


def test_nobody_waits_for_a_backfill(inbox: Inbox) -> None:
    miss(run_type="backfill")
    assert inbox.mails == []
