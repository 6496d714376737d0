"""The decision of a run, from findings that were published by hand: no model and no registry is needed to decide."""

from __future__ import annotations

import json
import logging
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bank_marketing.artifacts import ArtifactRef, ArtifactStore
from bank_marketing.components.context import RunContext
from bank_marketing.errors import ArtifactCorrupt
from bank_marketing.monitoring import decision, findings, retraining, window
from bank_marketing.monitoring.config import MonitoringConfig
from bank_marketing.settings import Settings

TODAY = date(2009, 3, 31)
CONFIG = MonitoringConfig(violations=2, of_windows=3, cool_down_days=28)


def records(store: ArtifactStore) -> list[decision.DecisionRecord]:
    """All records, the oldest evening first."""
    return list(decision.newest_first(store))[::-1]


def day(ago: int) -> date:
    return TODAY - timedelta(days=ago)


class Night:
    """An evening with a window and what was found in it."""

    def __init__(self, home: Path, ago: int = 0, *, run_id: str = "run", version: int | None = 3, **found: Any) -> None:
        settings = Settings(home=home, landing_settle_seconds=0)
        self.context = RunContext("monitoring", run_id, day(ago), settings)
        details = {"first_day": str(day(ago + 9)), "last_day": str(day(ago)), "since": str(day(ago + 4))}
        self.window = self._published("collect_window", "rows.txt", b"rows", details=details, notes={"model_version": version},
                                      rows={"rows": 211, "predicted": 207})  # fmt: skip
        drift, performance = found.get("drift", {}), found.get("performance", {})
        self.drift = self._finding("detect_drift", findings.DRIFT, drift)
        self.performance = self._finding("measure_performance", findings.PERFORMANCE, performance)

    def _published(self, component: str, name: str, content: bytes, **fields: Any) -> ArtifactRef:
        with self.context.stage() as stage:
            (stage.path / name).write_bytes(content)
            return self.context.publish(stage, component, component, **fields).ref

    def _finding(self, component: str, name: str, told: dict[str, Any]) -> ArtifactRef:
        whole = {"enough": True, "violates": False, "reasons": [], **told}
        return self._published(component, name, json.dumps(whole).encode())

    def decide(self, config: MonitoringConfig = CONFIG, **options: Any) -> retraining.RetrainingArtifact:
        return retraining.run(config, self.window, self.drift, self.performance, self.context, **options)


BAD = {"violates": True, "reasons": ["age has drifted"]}
POOR = {"violates": True, "reasons": ["ROC AUC fell"]}


def test_a_decision_is_recorded_with_all_that_it_was_made_from_and_published(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    night = Night(tmp_path, drift=BAD, performance=POOR)
    before = datetime.now(UTC)
    with caplog.at_level(logging.INFO):
        made = night.decide()
    record = made.record
    assert records(night.context.store) == [record]
    assert before <= record.at <= datetime.now(UTC)
    assert (record.as_of, record.run, record.model_version, record.live) == (TODAY, "monitoring/run", 3, True)
    assert record.window == decision.WindowVerdict(
        last_day=TODAY, enough=True, violates=True, reasons=("age has drifted", "ROC AUC fell")
    )
    assert record.decision.reason == "1 of the last 1 windows violate, 2 are needed: age has drifted; ROC AUC fell"
    assert set(record.numbers) == {"window", "drift", "performance"}
    assert record.numbers["window"] == window.load(night.window, night.context).model_dump(mode="json")
    assert record.numbers["drift"] == {"enough": True, **BAD}
    assert record.numbers["performance"] == {"enough": True, **POOR}
    assert f"do not retrain: {record.decision.reason}" in caplog.text
    store = night.context.store
    manifest = store.manifest(made.ref)
    assert manifest.kind == made.ref.kind == "retraining_decision"
    assert made.ref.uri == night.context.component_uri("decide_retraining")
    assert manifest.parents == (night.window, night.drift, night.performance)
    assert manifest.parameters == CONFIG.model_dump(mode="json")
    assert manifest.details == {"decision": record.decision.model_dump(mode="json")}
    assert store.read_bytes(f"{made.ref.uri}/decision.json").decode() == record.model_dump_json(indent=1) + "\n"
    assert retraining.load(made.ref, night.context) == made


def test_a_retry_finds_the_record_and_another_run_or_day_makes_its_own(tmp_path: Path) -> None:
    first = Night(tmp_path).decide()
    assert Night(tmp_path).decide().record == first.record
    store = Night(tmp_path).context.store
    assert len(records(store)) == 1
    Night(tmp_path, run_id="other").decide()
    Night(tmp_path, 1).decide(live=False)
    assert [(entry.run, entry.as_of) for entry in records(store)] == [
        ("monitoring/run", day(1)),
        ("monitoring/run", TODAY),
        ("monitoring/other", TODAY),
    ]


def test_two_windows_that_violate_retrain_and_the_next_waits(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Night(tmp_path, 1, drift=BAD).decide()
    with caplog.at_level(logging.INFO):
        made = Night(tmp_path, drift=BAD).decide().record.decision
    assert made.retrain
    assert f"retrain: {made.reason}" in caplog.messages
    waiting = Night(tmp_path, run_id="next", drift=BAD).decide(MonitoringConfig(violations=1, of_windows=1))
    assert waiting.record.decision.reason.startswith(f"1 of the last 1 windows violate, but the last retraining was on {TODAY}")


def test_either_finding_may_violate_and_speaks_only_where_it_has_enough(tmp_path: Path) -> None:
    few = {"enough": False}
    nights = {
        "both": Night(tmp_path, run_id="both", drift=BAD, performance=POOR),
        "one": Night(tmp_path, run_id="one", drift={**BAD, **few, "violates": False}, performance=POOR),
        "none": Night(tmp_path, run_id="none", drift=few, performance=few),
        "quiet": Night(tmp_path, run_id="quiet", performance=few),
    }
    told = {name: night.decide().record.window for name, night in nights.items()}
    assert told["both"].reasons == ("age has drifted", "ROC AUC fell")
    assert (told["one"].enough, told["one"].violates, told["one"].reasons) == (True, True, ("ROC AUC fell",))
    assert (told["none"].enough, told["none"].violates) == (False, False)
    assert (told["quiet"].enough, told["quiet"].violates) == (True, False)


def test_a_live_evening_counts_live_ones_only_and_a_past_one_counts_all(tmp_path: Path) -> None:
    Night(tmp_path, 2, drift=BAD).decide(live=False)
    live = Night(tmp_path, 1, drift=BAD).decide().record
    assert (live.live, live.decision.windows) == (True, 1)
    past = Night(tmp_path, 1, run_id="what-if", drift=BAD).decide(live=False).record
    assert (past.live, past.decision.windows, past.decision.retrain) == (False, 2, True)


def test_an_evening_before_a_live_one_is_past_whatever_is_said(tmp_path: Path) -> None:
    Night(tmp_path, 1).decide()
    assert not Night(tmp_path, 2).decide(live=True).record.live
    assert Night(tmp_path, 1, run_id="same").decide().record.live, "the same evening is none before it"
    assert Night(tmp_path, 0).decide().record.live
    Night(tmp_path, -1, run_id="what-if").decide(live=False)
    assert Night(tmp_path, 0, run_id="late").decide().record.live, "a day that was not live ends no life"


def test_days_after_the_evening_do_not_count(tmp_path: Path) -> None:
    Night(tmp_path, 0, drift=BAD).decide(live=False)
    earlier = Night(tmp_path, 1, drift=BAD).decide(live=False).record
    assert (earlier.decision.windows, earlier.decision.retrain) == (1, False)


def test_another_versions_windows_and_those_of_long_ago_do_not_count_but_its_retraining_does(tmp_path: Path) -> None:
    for ago in (6, 5):
        Night(tmp_path, ago, version=2, drift=BAD).decide()
    assert records(Night(tmp_path).context.store)[-1].decision.retrain
    new = [Night(tmp_path, ago, drift=BAD).decide().record.decision for ago in (4, 3)]
    assert [entry.windows for entry in new] == [1, 2]
    assert not new[1].retrain
    assert f"the last retraining was on {day(5)}" in new[1].reason
    far = Night(tmp_path, -1, drift=BAD).decide().record.decision
    assert far.windows == 2, "since four days before: the window of three days ago is among them, that of four is not"


def test_without_a_model_training_is_due_unless_it_is_at_work(tmp_path: Path) -> None:
    made = Night(tmp_path, version=None).decide().record.decision
    assert made == decision.Decision(retrain=True, reason="no model is in production yet", violating=0, windows=0)
    working = Night(tmp_path, run_id="b", version=None).decide(at_work="the run nightly").record.decision
    assert working == decision.Decision(
        retrain=False,
        reason="no model is in production yet, and the run nightly is training one already",
        violating=0,
        windows=0,
    )
    Night(tmp_path, run_id="c", drift=BAD).decide(MonitoringConfig(violations=1, of_windows=1))
    last = records(working_store(tmp_path))[-1].decision
    assert last.retrain, "a training without a model begins no cool-down"


def working_store(home: Path) -> Any:
    return Night(home, run_id="store").context.store


def test_a_training_at_work_takes_the_place_of_a_retraining(tmp_path: Path) -> None:
    made = Night(tmp_path, drift=BAD).decide(MonitoringConfig(violations=1, of_windows=1), at_work="the run manual")
    assert made.record.decision.reason == (
        "1 of the last 1 windows violate, and the run manual is training on these data already: age has drifted"
    )


def test_a_decided_evening_is_known_by_its_day_window_and_version_and_only_if_it_was_live(tmp_path: Path) -> None:
    night = Night(tmp_path)
    assert retraining.decided(night.window, night.context) is None
    night.decide(live=False)
    assert retraining.decided(night.window, night.context) is None
    again = Night(tmp_path, run_id="live")
    made = again.decide()
    assert retraining.decided(again.window, again.context) == made.record
    other_day = RunContext("monitoring", "live", day(-1), again.context.settings)
    assert retraining.decided(again.window, other_day) is None
    newer = Night(tmp_path, run_id="newer", version=4)
    assert retraining.decided(newer.window, newer.context) is None


def test_a_finding_that_was_altered_is_not_decided_by(tmp_path: Path) -> None:
    night = Night(tmp_path)
    path = Path(night.performance.uri.removeprefix("file://")) / findings.PERFORMANCE
    path.chmod(0o644)
    path.write_text(json.dumps({"enough": True, "violates": True, "reasons": []}))
    with pytest.raises(ArtifactCorrupt):
        night.decide()
    assert records(night.context.store) == []
