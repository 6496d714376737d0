from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from bank_marketing.components.context import RunContext
from bank_marketing.errors import ArtifactMissing
from bank_marketing.monitoring import decision, findings, retraining, window
from bank_marketing.monitoring.config import MonitoringConfig
from bank_marketing.pipelines import PipelineRun, run_steps
from bank_marketing.pipelines.monitoring import STEPS
from bank_marketing.reporting import report
from tests.support import monitored
from tests.support.monitored import DAYS


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A platform with a model in production. Decisions are emptied before each test."""
    folder = tmp_path_factory.mktemp("monitored")
    monitored.put_into_production(folder)
    return folder


@pytest.fixture(autouse=True)
def no_memory(home: Path) -> Iterator[None]:
    yield
    for name in ("monitoring", "predictions", "runs/bank_marketing_training/2009-05-05", "runs/monitoring"):
        shutil.rmtree(home / "artifacts" / name, ignore_errors=True)


def monitor(home: Path, evening: date, run_id: str = "run") -> tuple[PipelineRun, RunContext]:
    context = RunContext("monitoring", run_id, evening, monitored.settings_of(home))
    return run_steps(STEPS, context), context


def test_a_quiet_evening_ends_in_a_recorded_decision_not_to_retrain(home: Path) -> None:
    evening = DAYS[120]
    monitored.live(evening, home)
    made, context = monitor(home, evening)
    record = retraining.load(made.refs["decide_retraining"], context).record
    assert not record.decision.retrain
    assert record.decision.reason.startswith("the latest window is in order")
    assert list(decision.newest_first(context.store)) == [record]
    assert record.numbers["drift"]["rows"] == 300
    performance = record.numbers["performance"]
    assert performance["rows"] == 300
    assert performance["figures"]["roc_auc"] == pytest.approx(performance["evaluated"]["roc_auc"], abs=0.12)


def test_drift_that_lasts_retrains_on_the_third_evening(home: Path) -> None:
    table = monitored.drifted_table()
    reasons = []
    for evening in DAYS[130:133]:
        monitored.live(evening, home, table)
        made, context = monitor(home, evening)
        reasons.append(retraining.load(made.refs["decide_retraining"], context).record.decision)
    assert [entry.retrain for entry in reasons] == [False, False, True]
    assert "contact has drifted" in reasons[-1].reason
    monitored.live(DAYS[133], home, table)
    made, context = monitor(home, DAYS[133])
    following = retraining.load(made.refs["decide_retraining"], context).record.decision
    assert not following.retrain
    assert f"the last retraining was on {DAYS[132]}" in following.reason


def decided(home: Path, evening: date, run_id: str = "run", **options: object) -> decision.DecisionRecord:
    context = RunContext("monitoring", run_id, evening, monitored.settings_of(home))
    made = run_steps(STEPS, context, options)
    return retraining.load(made.refs["decide_retraining"], context).record


def test_what_a_backfill_decided_counts_for_no_live_evening_and_for_the_backfill_itself(home: Path) -> None:
    table = monitored.drifted_table()
    for evening in DAYS[130:133]:
        monitored.live(evening, home, table)
    backfilled = [decided(home, evening, "backfill", live=False) for evening in DAYS[130:133]]
    assert [entry.decision.retrain for entry in backfilled] == [False, False, True]
    assert not any(entry.live for entry in backfilled)
    told = decided(home, DAYS[132])
    assert (told.live, told.decision.windows, told.decision.violating) == (True, 1, 1)
    assert not told.decision.retrain
    assert told.decision.cool_down_until is None, "a retraining of the past began no cool-down"


@pytest.mark.parametrize(("days_ago", "retrain"), [(27, False), (28, True)])
def test_a_retraining_is_remembered_however_many_evenings_were_decided_since(home: Path, days_ago: int, retrain: bool) -> None:
    table, evening = monitored.drifted_table(), DAYS[132]
    for day in DAYS[130:133]:
        monitored.live(day, home, table)
        told = decided(home, day, live=False)
    store = RunContext("monitoring", "run", evening, monitored.settings_of(home)).store
    [last] = decision.of_evening(store, evening)
    kept = last.model_copy(update={"decision": told.decision.model_copy(update={"retrain": False})})
    shutil.rmtree(home / "artifacts" / "monitoring")
    for number in range(1, 60):
        past = {"as_of": evening - timedelta(days=number), "run": f"past {number}", "live": True}
        again = {"retrain": number in (days_ago, 50)}
        past["decision"] = kept.decision.model_copy(update=again)
        past["window"] = kept.window.model_copy(update={"last_day": evening - timedelta(days=number)})
        decision.write(store, kept.model_copy(update=past))
    found = decided(home, evening).decision
    assert found.cool_down_until == evening - timedelta(days=days_ago) + timedelta(days=28)
    assert (found.retrain, found.windows) == (retrain, 5)


def test_what_a_former_version_did_wrong_is_not_held_against_this_one(home: Path) -> None:
    table = monitored.drifted_table()
    for evening in DAYS[130:133]:
        monitored.live(evening, home, table)
        told = decided(home, evening, live=False)
    assert told.decision.violating == 3
    log = home / "artifacts" / "monitoring"
    for path in list(log.rglob("*.json")):
        path.write_text(path.read_text().replace('"model_version": 1', '"model_version": 7'))
    again = decided(home, DAYS[132], "after another model", live=False)
    assert (again.model_version, again.decision.windows, again.decision.violating) == (1, 1, 1)
    assert not again.decision.retrain


def test_a_day_before_a_live_evening_is_of_the_past_whoever_asks(home: Path) -> None:
    for evening in DAYS[130:133]:
        monitored.live(evening, home, monitored.drifted_table())
    decided(home, DAYS[132])
    assert [decided(home, evening, "by hand").live for evening in DAYS[130:132]] == [False, False]
    assert decided(home, DAYS[132], "again").live
    assert decided(home, DAYS[132], "and again").decision.windows == 1


def test_evenings_of_long_ago_are_not_among_the_last_ones(home: Path) -> None:
    """Two violations, a month without monitoring, one more: three violations, but not of the last five contact days."""
    table = monitored.drifted_table()
    for evening in (*DAYS[110:112], DAYS[116]):
        monitored.live(evening, home, table)
        told = decided(home, evening)
    assert (told.decision.windows, told.decision.violating, told.decision.retrain) == (1, 1, False)
    monitored.live(DAYS[112], home, table)
    near = [decided(home, DAYS[number], "near", live=False) for number in (110, 111, 112)]
    assert near[-1].decision.retrain


@pytest.mark.parametrize(
    ("evenings", "windows"), [((120, 121, 122, 123, 124), 5), ((120, 121, 122, 123, 124, 125), 5), ((120, 124), 2)]
)
def test_the_last_five_contact_days_are_looked_at(evenings: tuple[int, ...], windows: int, home: Path) -> None:
    for number in evenings:
        monitored.live(DAYS[number], home)
        told = decided(home, DAYS[number])
    assert told.decision.windows == windows


def test_a_decided_evening_is_known_by_its_data(home: Path) -> None:
    monitored.live(DAYS[120], home)
    made, context = monitor(home, DAYS[120])
    window_ref = made.refs["collect_window"]
    found = retraining.decided(window_ref, context)
    assert found is not None
    assert found.run == "monitoring/run"
    saturday = RunContext("monitoring", "run", DAYS[120] + timedelta(days=1), context.settings)
    assert retraining.decided(window_ref, saturday) is None, "another evening is another decision"
    monitored.live(DAYS[120], home, monitored.drifted_table())
    corrected = window.run(MonitoringConfig(), RunContext("monitoring", "other", DAYS[120], context.settings)).ref
    assert retraining.decided(corrected, context) is None, "other data are another decision"


def test_without_a_model_a_training_that_is_at_work_is_enough(tmp_path: Path) -> None:
    settings = monitored.settings_of(tmp_path)
    monitored.publish_features(DAYS[120], RunContext("training", "nightly", DAYS[120], settings))
    told = decided(tmp_path, DAYS[120], at_work="the run nightly")
    assert not told.decision.retrain
    assert told.decision.reason == "no model is in production yet, and the run nightly is training one already"


def test_a_retried_task_records_one_decision(home: Path) -> None:
    monitored.live(DAYS[120], home)
    made, context = monitor(home, DAYS[120])
    again = STEPS["decide_retraining"](made.refs, context, {})
    assert again == made.refs["decide_retraining"]
    assert len(list(decision.newest_first(context.store))) == 1


def test_the_report_shows_drift_performance_and_the_decision(home: Path) -> None:
    monitored.live(DAYS[130], home, monitored.drifted_table())
    made, context = monitor(home, DAYS[130])
    told = report.load(made.refs["notify_decision"], context)
    page = BeautifulSoup(context.store.read_bytes(told.report_uri), "html.parser")
    text = page.get_text(" ", strip=True)
    assert "SYNTHETIC data" in text
    assert "No retraining: 1 of the last 1 windows violate" in text
    assert "drifted" in page.find("th", string="contact").find_parent("tr").get_text()
    link = page.find("a", href="../detect_drift/evidently.html")["href"]
    evidently = context.store.uri(made.refs["notify_decision"].uri.removeprefix(f"{context.store.root}/"), link)
    assert b"Kolmogorov" in Path(evidently.removeprefix("file://")).resolve().read_bytes()
    assert told.mail_subject == f"[bank-marketing] SYNTHETIC monitoring {DAYS[130]}: no retraining"


def test_predictions_of_a_former_version_do_not_judge_the_present_one(home: Path) -> None:
    monitored.live(DAYS[120], home)
    context = RunContext("monitoring", "run", DAYS[120], monitored.settings_of(home))
    rows = window.predictions(context.store, [str(DAYS[120])])
    assert len(rows) == 30
    log = home / "artifacts" / "predictions"
    for path in log.rglob("*.json"):
        path.write_text(path.read_text().replace('"model_version":1', '"model_version":7'))
    made, context = monitor(home, DAYS[120], "other")
    told = findings.read(made.refs["measure_performance"], findings.PERFORMANCE, context)
    assert (told["rows"], told["enough"]) == (0, False)


def test_without_a_model_in_production_training_is_due(tmp_path: Path) -> None:
    settings = monitored.settings_of(tmp_path)
    monitored.publish_features(DAYS[120], RunContext("training", "nightly", DAYS[120], settings))
    made, context = monitor(tmp_path, DAYS[120])
    record = retraining.load(made.refs["decide_retraining"], context).record
    assert record.decision.retrain
    assert record.decision.reason == "no model is in production yet"


def test_before_the_first_features_there_is_nothing_to_watch(home: Path) -> None:
    with pytest.raises(ArtifactMissing, match="run the training DAG"):
        monitor(home, date(2008, 1, 1))
