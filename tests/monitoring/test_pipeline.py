from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from bank_marketing.components.context import RunContext
from bank_marketing.errors import ArtifactMissing
from bank_marketing.monitoring import decision, findings, retraining, window
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
    assert decision.history(context.store) == [record]
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


def test_a_retried_task_records_one_decision(home: Path) -> None:
    monitored.live(DAYS[120], home)
    made, context = monitor(home, DAYS[120])
    again = STEPS["decide_retraining"](made.refs, context, {})
    assert again == made.refs["decide_retraining"]
    assert len(decision.history(context.store)) == 1


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
