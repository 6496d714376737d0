"""What the platform does by itself, with its schedules switched on, and what it leaves to people.

A newcomer switches on a campaign that has ended and asks for one of its days; a person says no; monitoring, which new features have
started, may not bring back what was refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from bank_marketing.components import promote_model
from bank_marketing.components.context import RunContext
from bank_marketing.landing.zone import SOURCE_FILE, LandedSource
from bank_marketing.monitoring import decision
from bank_marketing.pipelines import training
from bank_marketing.registry import records
from bank_marketing.settings import Settings
from tests.support import airflow_home
from tests.support.mail_server import mail_server, part
from tests.support.night import MONITORING, SCORING, TRAINING, Night
from tests.support.small_run import DAYS, LAST, land_small
from tests.support.standalone import standalone

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3000)]

#: The newcomer's run.
ASKED = "asked_for"

ENDED = f"the campaign ended on {LAST}: there is nothing to do for 20"


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """Airflow with its schedules, on a campaign that is over."""
    home = tmp_path_factory.mktemp("events")
    landing = Settings(home=home).landing
    land_small(landing)
    (landing / SOURCE_FILE).write_text(LandedSource(kind="synthetic", seed=1).model_dump_json())
    with mail_server() as inbox:
        mail = {
            "AIRFLOW_CONN_SMTP_DEFAULT": inbox.connection,
            "BANK_MAIL_TO": "oncall@bank.example",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",  # as it is outside of tests: why a task was skipped stands in its log
        }
        with standalone(airflow_home.new_home(home), home, **mail) as airflow:
            airflow.wait(lambda: len(airflow.call("GET", "/dags")["dags"]) > 3, 400)
            yield Night(airflow, home, inbox)


def runs(night: Night, dag_id: str, run_type: str) -> list[dict[str, Any]]:
    """The runs of one kind, oldest first, that have ended."""
    found = night.airflow.call("GET", f"/dags/{dag_id}/dagRuns", params={"run_type": run_type, "order_by": "run_after"})[
        "dag_runs"
    ]
    return [run for run in found if run["state"] in ("success", "failed")]


def log(night: Night, dag_id: str, run_id: str, task_id: str) -> str:
    """The log of a task's last try: an overloaded machine may have lost one before it."""
    task = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"
    last = night.airflow.call("GET", task)["try_number"]
    return str(night.airflow.call("GET", f"{task}/logs/{last}", headers={"Accept": "application/json"})["content"])


@pytest.mark.parametrize(
    ("dag_id", "first"), [(MONITORING, "collect_window"), (SCORING, "select_model"), (TRAINING, "ingest_data")]
)
def test_1_last_night_of_a_campaign_that_is_over_is_skipped_with_one_sentence(dag_id: str, first: str, night: Night) -> None:
    night.unpause(dag_id)
    if dag_id == TRAINING:
        night.start(TRAINING, ASKED, as_of=str(LAST), approval=True)
    [run] = night.airflow.wait(lambda: runs(night, dag_id, "scheduled"), 300)
    assert run["state"] == "success"
    assert set(night.airflow.states(dag_id, run["dag_run_id"]).values()) == {"skipped"}
    assert ENDED in log(night, dag_id, run["dag_run_id"], first)


def test_2_the_run_that_was_asked_for_waits_for_a_person(night: Night) -> None:
    night.airflow.wait(lambda: night.airflow.states(TRAINING, ASKED).get("promote_model") == "awaiting_input", 1200)
    assert not [subject for subject in night.inbox.subjects() if "failed" in subject]


def test_3_monitoring_starts_no_training_beside_the_one_that_is_at_work(night: Night) -> None:
    [run] = night.airflow.wait(lambda: runs(night, MONITORING, "asset_triggered"), 600)
    assert run["state"] == "success"
    [record] = decision.newest_first(night.store)
    assert (record.as_of, record.live, record.decision.retrain) == (LAST, True, False)
    assert record.decision.reason == f"no model is in production yet, and the run {ASKED} is training one already"
    assert night.airflow.states(MONITORING, run["dag_run_id"])["trigger_retraining"] == "skipped"


def test_4_what_a_person_refused_a_retraining_does_not_bring_back(night: Night) -> None:
    night.answer(ASKED, "Reject")
    assert night.airflow.wait_for_run(TRAINING, ASKED) == "success"
    assert night.airflow.states(TRAINING, ASKED) == dict.fromkeys(training.STEPS, "success")
    [refused] = records.history(night.store)
    assert (refused.action, refused.approval, refused.who) == ("rejected", "refused", f"admin, airflow:{TRAINING}")
    night.start(MONITORING, "by_hand", as_of=str(LAST))
    assert night.airflow.wait_for_run(MONITORING, "by_hand") == "success"
    assert next(decision.newest_first(night.store)).decision.retrain
    assert night.airflow.wait_for_run(TRAINING, "retraining__by_hand") == "success"
    context = RunContext(TRAINING, "retraining__by_hand", LAST, night.settings)
    made = promote_model.load(night.ref(TRAINING, "retraining__by_hand", "promote_model"), context)
    assert (made.decision, made.version, made.to_version) == ("rejected", refused.version, None)
    assert made.reasons[0].startswith(f"Version {refused.version} stays out: admin, ")
    assert night.registry.at("production") is None


def test_5_events_that_piled_up_are_one_run_on_the_newest_day(night: Night) -> None:
    night.airflow.call("PATCH", f"/dags/{MONITORING}", json={"is_paused": True})
    before = {run["dag_run_id"] for run in runs(night, MONITORING, "asset_triggered")}
    assets = night.airflow.call("GET", "/assets", params={"name_pattern": "bank-marketing-features"})["assets"]

    def announce(day: date) -> None:
        night.airflow.call("POST", "/assets/events", json={"asset_id": assets[0]["id"], "extra": {"as_of": str(day)}})

    announce(DAYS[-5])
    announce(LAST)
    night.unpause(MONITORING)
    announce(DAYS[-9])  # what happens while a DAG is paused starts no run of it: the next event brings all of them
    found = night.airflow.wait(
        lambda: [run for run in runs(night, MONITORING, "asset_triggered") if run["dag_run_id"] not in before], 300
    )
    days = [
        line for run in found for line in [log(night, MONITORING, run["dag_run_id"], "collect_window")] if str(LAST) in line
    ]
    assert len(days) == len(found) == 1
    assert f"has decided on {LAST} and the same data" in days[0]


def test_6_a_parameter_that_the_form_does_not_have_fails_at_once(night: Night) -> None:
    night.start(TRAINING, "misspelt", asof=str(LAST))
    assert night.airflow.wait_for_run(TRAINING, "misspelt") == "failed"
    words = part(night.inbox.wait(f"{TRAINING}.ingest_data failed"), "plain")
    assert f"{TRAINING} has no parameter asof; it has: " in words
    assert "ConfigError" in words
