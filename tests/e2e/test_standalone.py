"""One night of the engineer on call and the week after it, under a real scheduler and through the REST API.

A run fails, the mail says why, the file is mended, the task is cleared, a person approves the model, the links lead to what was made.
Then a week is backfilled: training, scoring, monitoring, each day with what had landed by then, and with the results that the components
have without Airflow. A list that never comes is waited for and mailed about, also for being late, and the house is kept.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from datetime import date

import httpx
import pytest
from pyspark.sql import SparkSession
from sklearn.metrics import roc_auc_score

from bank_marketing.monitoring import decision, findings
from bank_marketing.pipelines import monitoring, scoring, training
from bank_marketing.registry import records
from bank_marketing.scoring.predictions import FOLDER as PREDICTIONS
from bank_marketing.settings import Settings
from tests.support import airflow_home
from tests.support.airflow_ui import looking
from tests.support.landed import write_contacts
from tests.support.mail_server import mail_server, part
from tests.support.night import (
    A_DAY,
    BEFORE,
    CALLED,
    DAY,
    MAINTENANCE,
    MONITORING,
    SCORING,
    TRAINING,
    WEEK,
    Night,
    day_of_contacts,
    land_week,
    landed_by,
    next_called,
)  # fmt: skip
from tests.support.small_run import land_small
from tests.support.standalone import standalone

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3000)]

RUN_ID = "night"


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """Airflow on a small campaign whose last day is broken."""
    home = tmp_path_factory.mktemp("night")
    land_small(Settings(home=home).landing)
    write_contacts(Settings(home=home).landing, DAY, day_of_contacts(broken=True))
    with mail_server() as inbox:
        mail = {"AIRFLOW_CONN_SMTP_DEFAULT": inbox.connection, "BANK_MAIL_TO": "oncall@bank.example"}
        # By hand only: a DAG that is switched on would run for last night at once. A list is late after a minute.
        told = {"AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False", "BANK_LIST_DUE_MINUTES": "1"}
        with standalone(airflow_home.new_home(home), home, **told, **mail) as airflow:
            yield Night(airflow, home, inbox)


@pytest.fixture(scope="module")
def week(night: Night) -> dict[str, dict[date, str]]:
    """The week's runs by DAG and evening: training, then scoring, then monitoring. Meanwhile a run waits for a list that never lands."""
    land_week(night.landing)
    pool = {"pool": "spark", "slots": 2, "include_deferred": False}  # these jobs are small: they mostly start
    night.airflow.call("PATCH", "/pools/spark", params={"update_mask": "slots"}, json=pool)
    night.start(SCORING, "waits", as_of=str(CALLED[-1]))
    at_once = {TRAINING: 3, SCORING: 3, MONITORING: 1}  # each evening's decision knows those before it
    return {dag_id: night.backfill(dag_id, WEEK, runs) for dag_id, runs in at_once.items()}


def test_1_the_dag_is_there_paused_until_somebody_starts_it(night: Night) -> None:
    dag = night.airflow.wait(
        lambda: [dag for dag in night.airflow.call("GET", "/dags")["dags"] if dag["dag_id"] == TRAINING], 400
    )[0]
    assert dag["is_paused"]
    assert not dag["has_import_errors"]
    assert night.airflow.call("GET", "/importErrors")["total_entries"] == 0
    assert night.airflow.call("GET", "/plugins/importErrors")["total_entries"] == 0
    assert [plugin["name"] for plugin in night.airflow.call("GET", "/plugins")["plugins"] if plugin["fastapi_apps"]] == [
        "bank_marketing"
    ]


def test_2_a_broken_file_fails_the_run_at_once_and_the_mails_say_why(night: Night) -> None:
    night.start(TRAINING, RUN_ID, as_of=str(DAY), reason="the nightly run", approval=True)
    assert night.airflow.wait_for_run(TRAINING, RUN_ID) == "failed"
    states = night.airflow.states(TRAINING, RUN_ID)
    assert states["ingest_data"] == "failed"
    assert states["train_model"] == "upstream_failed"
    about_task = night.inbox.wait(f"{TRAINING}.ingest_data failed for {DAY}")
    words = part(about_task, "plain")
    assert "try 1: trying again would not help" in words, "bad data are not retried"
    assert f"dt={DAY}/contacts.csv" in words
    assert f"{night.airflow.url}/dags/{TRAINING}/runs/{RUN_ID}/tasks/ingest_data" in words
    assert sum(f"failed for {DAY}" in subject for subject in night.inbox.subjects()) == 1, "one mail, with the reason"


def test_3_the_log_tells_the_same(night: Night) -> None:
    path = f"/dags/{TRAINING}/dagRuns/{RUN_ID}/taskInstances/ingest_data/logs/1"
    log = night.airflow.call("GET", path, headers={"Accept": "application/json"})
    assert "contact_id" in str(log["content"])


def test_4_the_mended_file_one_cleared_task_and_a_persons_yes_finish_the_run(night: Night) -> None:
    write_contacts(night.landing, DAY, day_of_contacts(broken=False))
    body = {
        "dry_run": False, "dag_run_id": RUN_ID, "task_ids": ["ingest_data"], "include_downstream": True,
        "only_failed": False, "reset_dag_runs": True,
    }  # fmt: skip
    night.airflow.call("POST", f"/dags/{TRAINING}/clearTaskInstances", json=body)
    question = part(night.inbox.wait(f"{DAY}: a model waits for your approval", 1200), "plain")
    assert f"/runs/{RUN_ID}/tasks/promote_model/required_actions" in question
    assert night.registry.at("production") is None
    night.airflow.wait(lambda: night.airflow.states(TRAINING, RUN_ID)["promote_model"] == "awaiting_input", 300)
    answer = f"/dags/{TRAINING}/dagRuns/{RUN_ID}/taskInstances/promote_model/-1/hitlDetails"
    asked = night.airflow.call("GET", answer)
    for title, holds in (("Report of this run", "A candidate waits for a person"), ("Data Docs", "bank-marketing-contacts")):
        address = asked["body"].partition(f"[{title}](")[2].partition(")")[0]
        assert holds in night.airflow.http.get(address).text, title
        assert address in question
    night.answer(RUN_ID, "Approve")
    assert night.airflow.wait_for_run(TRAINING, RUN_ID) == "success"
    assert night.airflow.states(TRAINING, RUN_ID) == dict.fromkeys(training.STEPS, "success")
    [record] = records.history(night.store)
    assert record.action == "promoted"
    assert record.reasons[:2] == ("the nightly run", "Approved by admin.")
    assert record.approval == "approved"
    assert "F1" in part(night.inbox.wait(f"[bank-marketing] {DAY}: "), "plain")


def test_5_xcom_leads_to_the_artifact(night: Night) -> None:
    ref = night.ref(TRAINING, RUN_ID, "train_model")
    manifest = night.store.manifest(ref.uri)
    assert (manifest.ref, manifest.run_id, manifest.as_of) == (ref, RUN_ID, DAY)


@pytest.mark.parametrize(
    ("task", "title", "holds"),
    [
        ("validate_data", "Data Docs", "bank-marketing-contacts"), ("train_model", "MLflow run", "Metrics"),
        ("notify_success", "Run report", "F1"), ("notify_success", "Model card", "What it is for"),
    ],
)  # fmt: skip
def test_6_a_tasks_buttons_lead_to_what_it_made(task: str, title: str, holds: str, night: Night) -> None:
    address = night.links(TRAINING, RUN_ID, task)[title]
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
    base = night.links(TRAINING, RUN_ID, "notify_success")["Run report"].removesuffix("notify_success/report.html")
    answer = night.airflow.http.get(f"{base}{path}")
    assert answer.status_code in (404, 422), answer.text[:300]


def test_8_the_mails_runbook_is_a_page(night: Night) -> None:
    words = part(night.inbox.wait(f"{TRAINING}.ingest_data failed for {DAY}"), "html")
    anchor = words.partition("/bank-marketing/runbooks#")[2].partition('"')[0]
    page = night.airflow.http.get("/bank-marketing/runbooks")
    assert f'id="{anchor}"' in page.text
    picture = page.text.partition('src="/bank-marketing/images/')[2].partition('"')[0]
    assert night.airflow.http.get(f"/bank-marketing/images/{picture}").headers["Content-Type"] == "image/png"
    assert httpx.get(f"{night.airflow.url}/bank-marketing/runbooks").status_code == 401


def test_9_each_day_of_the_week_trains_on_what_had_landed_and_leaves_production_alone(
    night: Night, week: dict[str, dict[date, str]], spark: SparkSession
) -> None:
    models = {}
    for evening, run_id in week[TRAINING].items():
        snapshot, features = (
            night.store.manifest(night.ref(TRAINING, run_id, task)) for task in ("ingest_data", "transform_data")
        )
        assert (snapshot.as_of, snapshot.rows["rows_read"]) == (evening, BEFORE + A_DAY * len(landed_by(evening)))
        assert features.details["campaign_state"]["last_contact_day"] == str(landed_by(evening)[-1])
        models[evening] = night.ref(TRAINING, run_id, "train_model")
    bytes_of = {
        entry.sha256
        for model in models.values()
        for entry in night.store.manifest(model).files
        if entry.path == "model/model.skops"
    }
    assert len(bytes_of) == len(landed_by(WEEK[-1])), "a weekend teaches nothing"
    assert night.registry.production().version == 1
    assert [record.action for record in records.history(night.store)].count("promoted") == 1
    events = night.airflow.call("GET", "/assets/events", params={"source_dag_id": TRAINING, "limit": 200})["asset_events"]
    assert {event["source_run_id"] for event in events} == {RUN_ID}, "the past is not announced"
    until = ["ingest_data", "validate_data", "transform_data", "train_model"]
    assert night.by_hand(training.STEPS, until, WEEK[-1]).refs["train_model"].digest == models[WEEK[-1]].digest


def test_10_each_days_list_is_scored_with_that_evenings_counts_as_without_airflow(
    night: Night, week: dict[str, dict[date, str]], spark: SparkSession
) -> None:
    steps = ["select_model", "validate_prospects", "score_prospects"]
    for evening, run_id in week[SCORING].items():
        checked = night.store.manifest(night.ref(SCORING, run_id, "validate_prospects"))
        assert checked.details["day"] == str(next_called(evening))
        assert checked.details["state"]["last_contact_day"] == str(landed_by(evening)[-1])
        by_hand = night.by_hand(scoring.STEPS, steps, evening)
        assert {step: night.ref(SCORING, run_id, step).digest for step in steps} == {
            step: ref.digest for step, ref in by_hand.refs.items()
        }
    lists = sorted(path.name for path in (night.home / "artifacts" / "call_lists").iterdir())
    assert lists == [f"contact_date={day}" for day in CALLED[1:]]


def test_11_predictions_meet_their_outcomes_and_every_evening_decides(night: Night, week: dict[str, dict[date, str]]) -> None:
    told = [*decision.newest_first(night.store)][::-1]
    assert [record.as_of for record in told] == WEEK
    assert {record.model_version for record in told} == {1}
    for record in told:
        window = record.numbers["window"]
        assert isinstance(window, dict)
        assert window["last_day"] == str(landed_by(record.as_of)[-1])
        assert window["predicted"] == A_DAY * len(landed_by(record.as_of)[1:])
        assert not record.decision.retrain, record.decision.reason
        by_hand = night.by_hand(monitoring.STEPS, ["collect_window"], record.as_of).refs["collect_window"]
        assert night.ref(MONITORING, week[MONITORING][record.as_of], "collect_window").digest == by_hand.digest
    performance = night.ref(MONITORING, week[MONITORING][WEEK[-1]], "measure_performance")
    figures = json.loads(night.store.read_bytes(f"{performance.uri}/{findings.PERFORMANCE}"))
    y, p = outcomes_of_the_week(night)
    assert figures["rows"] == len(y) == A_DAY * len(landed_by(WEEK[-1])[1:])
    assert figures["enough"], "a week of calls is enough to judge the model"
    assert figures["figures"]["roc_auc"] == pytest.approx(roc_auc_score(y, p))


def outcomes_of_the_week(night: Night) -> tuple[list[bool], list[float]]:
    """Outcomes of the landed files, and what the log says was forecast for them; both by hand."""
    logged = [
        entry
        for uri in night.store.list_files(night.store.uri(PREDICTIONS))
        for entry in json.loads(night.store.read_bytes(uri))
    ]
    assert not any(entry["hindsight"] for entry in logged)
    forecast = {entry["contact_id"]: entry["probability"] for entry in logged}
    y, p = [], []
    for day in landed_by(WEEK[-1])[1:]:
        with (night.landing / "contacts" / f"dt={day}" / "contacts.csv").open(newline="") as stream:
            for row in csv.DictReader(stream, delimiter=";"):
                y.append(row["y"] == "yes")
                p.append(forecast[row["contact_id"]])
    return y, p


def test_12_a_list_that_may_still_come_is_waited_for_and_mailed_about_once(
    night: Night, week: dict[str, dict[date, str]]
) -> None:
    assert night.airflow.wait_for_run(SCORING, "waits") == "failed"
    task = night.airflow.call("GET", f"/dags/{SCORING}/dagRuns/waits/taskInstances/validate_prospects")
    assert (task["state"], task["try_number"]) == ("failed", 3)
    night.inbox.wait(f"{SCORING}.validate_prospects failed for {CALLED[-1]}")
    [about_task] = [mail for mail in night.inbox.mails if SCORING in str(mail["Subject"]) and "failed" in str(mail["Subject"])]
    assert "try 3 of 3" in part(about_task, "plain"), "no mail while retries remained"
    assert "LandedFileMissing" in part(about_task, "plain")


def test_13_the_late_list_is_mailed_about_while_its_run_still_waits(night: Night, week: dict[str, dict[date, str]]) -> None:
    mail = night.inbox.wait(f"{SCORING}: the call list after {CALLED[-1]} is late", 60)
    words = part(mail, "plain")
    assert "the run is still at work, or waits for a file" in words
    assert f"{night.airflow.url}/dags/{SCORING}/runs/waits" in words
    assert "docs/runbooks.md#call-list-late" in words
    assert sum("is late" in subject for subject in night.inbox.subjects()) == 1, "nobody waits for a list of the past"


def test_14_the_house_is_kept_by_tasks_that_airflow_runs(night: Night) -> None:
    night.start(MAINTENANCE, "shows", remove="no")
    assert night.airflow.wait_for_run(MAINTENANCE, "shows") == "success"
    assert night.airflow.states(MAINTENANCE, "shows") == dict.fromkeys(
        ("prune_artifacts", "prune_logs", "clean_metadata"), "success"
    )


def test_15_what_the_engineer_sees(night: Night) -> None:
    with looking(night.airflow) as eyes:
        eyes.look("/dags", TRAINING, SCORING, MAINTENANCE, MONITORING)
        eyes.look(f"/dags/{TRAINING}/runs/{RUN_ID}", "promote_model", "notify_success")
        for address in ("/bank-marketing/runbooks", *night.links(TRAINING, RUN_ID, "notify_success").values()):
            eyes.read_on_a_phone(address)
        assert eyes.errors == []


@pytest.mark.skipif("BANK_SCREENSHOTS" not in os.environ, reason="make screenshots takes the pictures of the runbooks")
def test_16_the_pictures_of_the_runbooks(night: Night) -> None:
    asset = next(
        entry for entry in night.airflow.call("GET", "/assets")["assets"] if entry["name"] == "bank-marketing-features"
    )
    dag, run = f"/dags/{TRAINING}", f"/dags/{TRAINING}/runs/{RUN_ID}"
    with looking(night.airflow) as eyes:
        eyes.look("/dags", TRAINING, SCORING, MAINTENANCE, MONITORING, name="dags")
        eyes.widen_the_grid(run)
        eyes.look(run, "promote_model", "notify_success", name="grid")
        eyes.look(f"/dags/{SCORING}/runs/waits/tasks/validate_prospects", "LandedFileMissing", name="failed_task")
        eyes.look(dag, "Ask a person first", "Reason", click="Trigger", name="trigger_form")
        eyes.look(f"{dag}/backfills", "Completed", name="backfill")
        eyes.look(f"/assets/{asset['id']}", TRAINING, "bank-marketing-retraining-decision", name="assets")
        eyes.look(f"{run}/tasks/notify_success/details", "Run report", "Model card", name="links")
        eyes.look(night.links(TRAINING, RUN_ID, "notify_success")["Run report"], "F1", name="report")
        eyes.look("/bank-marketing/runbooks#contractviolation", "ContractViolation")
        eyes.look(run, "evaluate_model", "promote_model", press="g", name="graph")  # the last: Airflow keeps to this view
        assert eyes.errors == []
