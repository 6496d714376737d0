"""One night of the engineer on call, under a real scheduler and through the REST API.

A run fails, the mail says why, the file is mended, the task is cleared and succeeds, and two days are backfilled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bank_marketing.artifacts import LocalStore
from bank_marketing.pipelines.training import STEPS
from bank_marketing.registry.registry import Registry
from bank_marketing.settings import Settings
from tests.support import airflow_home
from tests.support.landed import contact, lines, write_contacts
from tests.support.mail_server import Inbox, mail_server, part
from tests.support.small_run import DAYS, LAST, land_small
from tests.support.standalone import RunningAirflow, standalone

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

DAG_ID = "bank_marketing_training"
DAY = LAST + timedelta(days=3)
RUN_ID = "night"


@dataclass
class Night:
    """What the engineer has: Airflow, the landing zone, the mails."""

    airflow: RunningAirflow
    home: Path
    inbox: Inbox

    @property
    def landing(self) -> Path:
        return Settings(home=self.home).landing


def day_of_contacts(*, broken: bool) -> list[str]:
    """The day's file; a broken one has lost its first column."""
    good = lines(contact(20_000 + number, DAY) for number in range(40))
    return [line.partition(";")[2] for line in good] if broken else good


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """Airflow on a small campaign whose last day is broken."""
    home = tmp_path_factory.mktemp("night")
    land_small(Settings(home=home).landing)
    write_contacts(Settings(home=home).landing, DAY, day_of_contacts(broken=True))
    with mail_server() as inbox:
        mail = {"AIRFLOW_CONN_SMTP_DEFAULT": inbox.connection, "BANK_MAIL_TO": "oncall@bank.example"}
        with standalone(airflow_home.new_home(home), home, **mail) as airflow:
            yield Night(airflow, home, inbox)


def test_1_the_dag_is_there_paused_until_somebody_starts_it(night: Night) -> None:
    dag = night.airflow.wait(
        lambda: [dag for dag in night.airflow.call("GET", "/dags")["dags"] if dag["dag_id"] == DAG_ID], 90
    )[0]
    assert dag["is_paused"]
    assert not dag["has_import_errors"]
    assert night.airflow.call("GET", "/importErrors")["total_entries"] == 0
    assert night.airflow.call("PATCH", f"/dags/{DAG_ID}", json={"is_paused": False})["is_paused"] is False


def test_2_a_broken_file_fails_the_run_at_once_and_the_mails_say_why(night: Night) -> None:
    body = {"dag_run_id": RUN_ID, "logical_date": None, "conf": {"as_of": str(DAY), "reason": "the nightly run"}}
    night.airflow.call("POST", f"/dags/{DAG_ID}/dagRuns", json=body)
    assert night.airflow.wait_for_run(DAG_ID, RUN_ID) == "failed"
    states = night.airflow.states(DAG_ID, RUN_ID)
    assert states["ingest_data"] == "failed"
    assert states["train_model"] == "upstream_failed"
    about_task = night.inbox.wait(f"{DAG_ID}.ingest_data failed for {DAY}")
    words = part(about_task, "plain")
    assert "try 1 of" in words, "bad data are not retried"
    assert f"dt={DAY}/contacts.csv" in words
    assert f"{night.airflow.url}/dags/{DAG_ID}/runs/{RUN_ID}/tasks/ingest_data" in words
    night.inbox.wait(f"{DAG_ID} failed for {DAY}: run failed")
    assert sum(f"failed for {DAY}" in subject for subject in night.inbox.subjects()) == 2, "one of the task, one of the run"


def test_3_the_log_tells_the_same(night: Night) -> None:
    path = f"/dags/{DAG_ID}/dagRuns/{RUN_ID}/taskInstances/ingest_data/logs/1"
    log = night.airflow.call("GET", path, headers={"Accept": "application/json"})
    assert "contact_id" in str(log["content"])


def test_4_the_mended_file_and_one_cleared_task_finish_the_run(night: Night) -> None:
    write_contacts(night.landing, DAY, day_of_contacts(broken=False))
    body = {
        "dry_run": False, "dag_run_id": RUN_ID, "task_ids": ["ingest_data"], "include_downstream": True,
        "only_failed": False, "reset_dag_runs": True,
    }  # fmt: skip
    night.airflow.call("POST", f"/dags/{DAG_ID}/clearTaskInstances", json=body)
    assert night.airflow.wait_for_run(DAG_ID, RUN_ID) == "success"
    assert night.airflow.states(DAG_ID, RUN_ID) == dict.fromkeys(STEPS, "success")
    assert "F1" in part(night.inbox.wait(f"[bank-marketing] {DAY}: "), "plain")


def test_5_xcom_leads_to_the_artifact(night: Night) -> None:
    path = f"/dags/{DAG_ID}/dagRuns/{RUN_ID}/taskInstances/train_model/xcomEntries/return_value"
    value = night.airflow.call("GET", path, params={"deserialize": True})["value"]
    assert set(value) == {"kind", "uri", "digest"}
    manifest = LocalStore((night.home / "artifacts").as_uri()).manifest(value["uri"])
    assert (manifest.ref.digest, manifest.run_id, manifest.as_of) == (value["digest"], RUN_ID, DAY)


def test_6_a_backfill_sees_each_day_as_it_was_and_leaves_production_alone(night: Night) -> None:
    store = LocalStore((night.home / "artifacts").as_uri())
    registry = Registry(Settings(home=night.home), store)
    before = registry.at("production")
    assert before is not None
    days = DAYS[-2:]
    first, last = (datetime(day.year, day.month, day.day, tzinfo=UTC).isoformat() for day in days)
    body = {"dag_id": DAG_ID, "from_date": first, "to_date": last, "max_active_runs": 2, "dag_run_conf": {"reason": "backfill"}}
    dry = night.airflow.call("POST", "/backfills/dry_run", json=body)
    assert [entry["logical_date"][:10] for entry in dry["backfills"]] == [str(day) for day in days]
    night.airflow.call("POST", "/backfills", json=body)
    runs = night.airflow.wait(
        lambda: night.airflow.call("GET", f"/dags/{DAG_ID}/dagRuns", params={"run_type": "backfill"})["dag_runs"], 30
    )
    assert len(runs) == 2
    for run in runs:
        assert night.airflow.wait_for_run(DAG_ID, run["dag_run_id"]) == "success"
    for day, run in zip(days, sorted(runs, key=lambda run: run["logical_date"]), strict=True):
        path = f"/dags/{DAG_ID}/dagRuns/{run['dag_run_id']}/taskInstances/ingest_data/xcomEntries/return_value"
        value = night.airflow.call("GET", path, params={"deserialize": True})["value"]
        manifest = store.manifest(value["uri"])
        assert (manifest.as_of, manifest.rows["rows_read"]) == (day, 60 * (DAYS.index(day) + 1) + (2 if day == LAST else 0))
    assert registry.at("production") == before
