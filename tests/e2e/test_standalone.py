"""One night of the engineer on call, under a real scheduler and through the REST API.

A run fails, the mail says why, the file is mended, the task is cleared, a person approves the model, the links lead to what was made, two
days are backfilled, a file that never comes is waited for and mailed about once, and the house is kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bank_marketing.artifacts import LocalStore
from bank_marketing.pipelines.training import STEPS
from bank_marketing.registry import records
from bank_marketing.registry.registry import Registry
from bank_marketing.settings import Settings
from tests.support import airflow_home
from tests.support.airflow_ui import looking
from tests.support.landed import contact, lines, write_contacts
from tests.support.mail_server import Inbox, mail_server, part
from tests.support.small_run import DAYS, LAST, land_small
from tests.support.standalone import RunningAirflow, standalone

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3000)]

DAG_ID = "bank_marketing_training"
SCORING = "bank_marketing_batch_scoring"
MAINTENANCE = "bank_marketing_maintenance"
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

    @property
    def registry(self) -> Registry:
        return Registry(Settings(home=self.home), LocalStore((self.home / "artifacts").as_uri()))

    def start(self, dag_id: str, run_id: str, **conf: Any) -> None:
        """Unpause a DAG and trigger it as the form does."""
        self.airflow.call("PATCH", f"/dags/{dag_id}", json={"is_paused": False})
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf}
        self.airflow.call("POST", f"/dags/{dag_id}/dagRuns", json=body)

    def links(self, task_id: str) -> dict[str, str]:
        """A task's buttons."""
        found: dict[str, str] = self.airflow.call("GET", f"/dags/{DAG_ID}/dagRuns/{RUN_ID}/taskInstances/{task_id}/links")[
            "extra_links"
        ]
        return found


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
        # By hand only: a DAG that is switched on would run for last night at once.
        by_hand = {"AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False"}
        with standalone(airflow_home.new_home(home), home, **by_hand, **mail) as airflow:
            yield Night(airflow, home, inbox)


def test_1_the_dag_is_there_paused_until_somebody_starts_it(night: Night) -> None:
    dag = night.airflow.wait(
        lambda: [dag for dag in night.airflow.call("GET", "/dags")["dags"] if dag["dag_id"] == DAG_ID], 400
    )[0]
    assert dag["is_paused"]
    assert not dag["has_import_errors"]
    assert night.airflow.call("GET", "/importErrors")["total_entries"] == 0
    assert night.airflow.call("GET", "/plugins/importErrors")["total_entries"] == 0
    assert [plugin["name"] for plugin in night.airflow.call("GET", "/plugins")["plugins"] if plugin["fastapi_apps"]] == [
        "bank_marketing"
    ]


def test_2_a_broken_file_fails_the_run_at_once_and_the_mails_say_why(night: Night) -> None:
    night.start(DAG_ID, RUN_ID, as_of=str(DAY), reason="the nightly run", approval=True)
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


def test_4_the_mended_file_one_cleared_task_and_a_persons_yes_finish_the_run(night: Night) -> None:
    write_contacts(night.landing, DAY, day_of_contacts(broken=False))
    body = {
        "dry_run": False, "dag_run_id": RUN_ID, "task_ids": ["ingest_data"], "include_downstream": True,
        "only_failed": False, "reset_dag_runs": True,
    }  # fmt: skip
    night.airflow.call("POST", f"/dags/{DAG_ID}/clearTaskInstances", json=body)
    question = part(night.inbox.wait(f"{DAY}: a model waits for your approval", 1200), "plain")
    assert f"/runs/{RUN_ID}/tasks/approve_promotion/required_actions" in question
    assert night.registry.at("production") is None
    night.airflow.wait(lambda: night.airflow.states(DAG_ID, RUN_ID)["approve_promotion"] == "awaiting_input", 300)
    answer = f"/dags/{DAG_ID}/dagRuns/{RUN_ID}/taskInstances/approve_promotion/-1/hitlDetails"
    night.airflow.call("PATCH", answer, json={"chosen_options": ["Approve"], "params_input": {}})
    assert night.airflow.wait_for_run(DAG_ID, RUN_ID) == "success"
    assert night.airflow.states(DAG_ID, RUN_ID) == dict.fromkeys((*STEPS, "approve_promotion"), "success")
    [record] = records.history(night.registry.store)
    assert record.action == "promoted"
    assert record.reasons[0] == "the nightly run Approved by admin."
    assert "F1" in part(night.inbox.wait(f"[bank-marketing] {DAY}: "), "plain")


def test_5_xcom_leads_to_the_artifact(night: Night) -> None:
    path = f"/dags/{DAG_ID}/dagRuns/{RUN_ID}/taskInstances/train_model/xcomEntries/return_value"
    value = night.airflow.call("GET", path, params={"deserialize": True})["value"]
    assert set(value) == {"kind", "uri", "digest"}
    manifest = LocalStore((night.home / "artifacts").as_uri()).manifest(value["uri"])
    assert (manifest.ref.digest, manifest.run_id, manifest.as_of) == (value["digest"], RUN_ID, DAY)


@pytest.mark.parametrize(
    ("task", "title", "holds"),
    [
        ("validate_data", "Data Docs", "bank-marketing-contacts"), ("train_model", "MLflow run", "Metrics"),
        ("notify_success", "Run report", "F1"), ("notify_success", "Model card", "What it is for"),
    ],
)  # fmt: skip
def test_6_a_tasks_buttons_lead_to_what_it_made(task: str, title: str, holds: str, night: Night) -> None:
    address = night.links(task)[title]
    page = night.airflow.http.get(address)
    assert page.status_code == 200, page.text[:500]
    assert holds in page.text
    assert (
        "sandbox" in page.headers["Content-Security-Policy"] or "default-src 'none'" in page.headers["Content-Security-Policy"]
    )
    stranger = httpx.get(address)
    assert (stranger.status_code, stranger.text) == (401, "Not authenticated")
    browser = httpx.get(address, headers={"Accept": "text/html"})
    assert browser.status_code == 307
    assert "/auth/login?next=http" in browser.headers["Location"]


@pytest.mark.parametrize(
    "path",
    [
        "notify_success/subject.txt", "notify_success/manifest.json", "notify_success/nothing.html", "train_model/model/model.skops",
        "notify_success/%2e%2e/train_model/metrics.json", "notify_success/..%2f..%2f..%2fmlflow.db", "%2e%2e/x/report.html",
        "notify_success/%252e%252e/report.html", "nowhere/report.html", "notify_success/mlflow",
    ],
)  # fmt: skip
def test_7_nothing_else_is_shown(path: str, night: Night) -> None:
    base = night.links("notify_success")["Run report"].removesuffix("notify_success/report.html")
    answer = night.airflow.http.get(f"{base}{path}")
    assert answer.status_code in (404, 422), answer.text[:300]


def test_8_the_mails_runbook_is_a_page(night: Night) -> None:
    words = part(night.inbox.wait(f"{DAG_ID}.ingest_data failed for {DAY}"), "html")
    anchor = words.partition("/bank-marketing/runbooks#")[2].partition('"')[0]
    page = night.airflow.http.get("/bank-marketing/runbooks")
    assert f'id="{anchor}"' in page.text
    picture = page.text.partition('src="/bank-marketing/images/')[2].partition('"')[0]
    assert night.airflow.http.get(f"/bank-marketing/images/{picture}").headers["Content-Type"] == "image/png"
    assert httpx.get(f"{night.airflow.url}/bank-marketing/runbooks").status_code == 401


def test_9_a_backfill_sees_each_day_as_it_was_and_leaves_production_alone(night: Night) -> None:
    registry, store = night.registry, night.registry.store
    before = registry.at("production")
    assert before is not None
    days = DAYS[-2:]
    first, last = (datetime(day.year, day.month, day.day, tzinfo=UTC).isoformat() for day in days)
    body = {"dag_id": DAG_ID, "from_date": first, "to_date": last, "max_active_runs": 2, "dag_run_conf": {"reason": "backfill"}}
    dry = night.airflow.call("POST", "/backfills/dry_run", json=body)
    assert [entry["logical_date"][:10] for entry in dry["backfills"]] == [str(day) for day in days]
    night.airflow.call("POST", "/backfills", json=body)
    night.start(SCORING, "waits", as_of=str(DAY))  # its list never lands; it is looked at again below
    runs = night.airflow.wait(
        lambda: night.airflow.call("GET", f"/dags/{DAG_ID}/dagRuns", params={"run_type": "backfill"})["dag_runs"], 300
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


def test_10_a_file_that_may_still_come_is_waited_for_and_mailed_about_once(night: Night) -> None:
    assert night.airflow.wait_for_run(SCORING, "waits") == "failed"
    task = night.airflow.call("GET", f"/dags/{SCORING}/dagRuns/waits/taskInstances/validate_prospects")
    assert (task["state"], task["try_number"]) == ("failed", 3)
    night.inbox.wait(f"{SCORING} failed for {DAY}: run failed")
    about = [mail for mail in night.inbox.mails if SCORING in str(mail["Subject"])]
    assert len(about) == 2, "one of the task, one of the run, none while retries remained"
    assert "try 3 of 3" in part(about[0], "plain")
    assert "LandedFileMissing" in part(about[0], "plain")


def test_11_the_house_is_kept_by_tasks_that_airflow_runs(night: Night) -> None:
    night.start(MAINTENANCE, "shows", remove="no")
    assert night.airflow.wait_for_run(MAINTENANCE, "shows") == "success"
    assert night.airflow.states(MAINTENANCE, "shows") == dict.fromkeys(
        ("prune_artifacts", "prune_logs", "clean_metadata"), "success"
    )


def test_12_what_the_engineer_sees(night: Night) -> None:
    with looking(night.airflow) as eyes:
        eyes.look("/dags", DAG_ID, SCORING, MAINTENANCE, "bank_marketing_drift_retraining")
        eyes.look(f"/dags/{DAG_ID}/runs/{RUN_ID}", "approve_promotion", "notify_success")


@pytest.mark.skipif("BANK_SCREENSHOTS" not in os.environ, reason="make screenshots takes the pictures of the runbooks")
def test_13_the_pictures_of_the_runbooks(night: Night) -> None:
    asset = next(
        entry for entry in night.airflow.call("GET", "/assets")["assets"] if entry["name"] == "bank-marketing-features"
    )
    dag, run = f"/dags/{DAG_ID}", f"/dags/{DAG_ID}/runs/{RUN_ID}"
    with looking(night.airflow) as eyes:
        eyes.look("/dags", DAG_ID, SCORING, MAINTENANCE, "bank_marketing_drift_retraining", name="dags")
        eyes.look(run, "approve_promotion", "notify_success", name="grid")
        eyes.look(f"/dags/{SCORING}/runs/waits/tasks/validate_prospects", "LandedFileMissing", name="failed_task")
        eyes.look(dag, "Ask a person first", "Reason", click="Trigger", name="trigger_form")
        eyes.look(f"{dag}/backfills", "Completed", name="backfill")
        eyes.look(f"/assets/{asset['id']}", "transform_data", "bank-marketing-features", name="assets")
        eyes.look(f"{run}/tasks/notify_success", "Run report", "Model card", name="links")
        eyes.look(night.links("notify_success")["Run report"], "F1", name="report")
        eyes.look("/bank-marketing/runbooks#contractviolation", "ContractViolation", name="runbooks")
        assert eyes.errors == []
