from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from bank_marketing.artifacts import LocalStore
from bank_marketing.monitoring.config import MonitoringConfig
from bank_marketing.monitoring.decision import Decision, DecisionRecord, WindowVerdict, decide, newest_first, of_evening, write

TODAY = date(2009, 3, 31)
CONFIG = MonitoringConfig(violations=3, of_windows=5, cool_down_days=28)


def verdict(days_ago: int, *, violates: bool = True, enough: bool = True) -> WindowVerdict:
    reasons = ("age has drifted",) if violates else ()
    return WindowVerdict(last_day=TODAY - timedelta(days=days_ago), enough=enough, violates=violates, reasons=reasons)


def decided(latest: WindowVerdict, *earlier: WindowVerdict, last: date | None = None) -> Decision:
    return decide(latest, earlier, last, TODAY, CONFIG)


def test_one_window_is_not_enough() -> None:
    decision = decided(verdict(0))
    assert not decision.retrain
    assert "1 of the last 1 windows violate, 3 are needed" in decision.reason


def test_enough_of_the_last_windows_and_the_latest_are() -> None:
    decision = decided(verdict(0), verdict(4), verdict(3, violates=False), verdict(2), verdict(1, violates=False))
    assert decision.retrain
    assert decision.reason == "3 of the last 5 windows violate: age has drifted"


def test_the_latest_must_violate() -> None:
    assert not decided(verdict(0, violates=False), *(verdict(n) for n in (4, 3, 2, 1))).retrain


def test_older_windows_do_not_count() -> None:
    old = [verdict(n) for n in (9, 8, 7)]
    assert not decided(verdict(0), *old, *(verdict(n, violates=False) for n in (4, 3, 2, 1))).retrain


def test_no_more_than_the_last_five_are_looked_at() -> None:
    decision = decided(verdict(0), *(verdict(n) for n in (9, 7, 6, 4, 3, 2, 1)))
    assert (decision.windows, decision.violating) == (5, 5)


def test_the_same_evening_counts_once() -> None:
    assert not decided(verdict(0), verdict(0), verdict(0), verdict(0)).retrain


def test_too_few_contacts_decide_nothing() -> None:
    decision = decided(verdict(0, enough=False), *(verdict(n) for n in (4, 3, 2, 1)))
    assert not decision.retrain
    assert "too few" in decision.reason


@pytest.mark.parametrize(("days_ago", "retrain"), [(27, False), (28, True)])
def test_a_retraining_is_left_time_to_show(days_ago: int, retrain: bool) -> None:
    decision = decided(verdict(0), verdict(2), verdict(1), last=TODAY - timedelta(days=days_ago))
    assert decision.retrain is retrain
    assert decision.cool_down_until == TODAY - timedelta(days=days_ago) + timedelta(days=28)


def test_a_training_run_that_is_at_work_on_the_data_is_the_retraining() -> None:
    decision = decide(verdict(0), [verdict(2), verdict(1)], None, TODAY, CONFIG, at_work="the run manual__1")
    assert not decision.retrain
    assert (
        decision.reason
        == "3 of the last 3 windows violate, and the run manual__1 is training on these data already: age has drifted"
    )


@pytest.mark.parametrize(("days_ago", "stale"), [(4, False), (5, True), (60, True)])
def test_a_window_of_long_ago_says_nothing_of_today(days_ago: int, stale: bool) -> None:
    """TODAY is a Tuesday: Friday's window has missed two working days, Thursday's three."""
    decision = decided(verdict(days_ago), verdict(days_ago + 1), verdict(days_ago + 2))
    assert decision.retrain is not stale
    assert ("working days without contacts since" in decision.reason) is stale
    quiet = decided(verdict(days_ago, violates=False))
    assert quiet.reason.startswith("the latest window is in order") is not stale


def test_a_decision_for_people_names_the_first_reasons() -> None:
    latest = WindowVerdict(last_day=TODAY, enough=True, violates=True, reasons=("a", "b", "c", "d", "e"))
    assert decided(latest, verdict(1), verdict(2)).reason.endswith("a; b; c; and 2 more")


def record(as_of: date, moment: int) -> DecisionRecord:
    return DecisionRecord(
        at=datetime(2026, 1, 1, 0, 0, moment, tzinfo=UTC),
        as_of=as_of,
        run="dag/run",
        model_version=1,
        window=verdict(0),
        decision=Decision(retrain=False, reason="none", violating=1, windows=1),
        numbers={"rows": 200},
    )


def test_records_are_appended_and_read_in_the_order_of_their_days(tmp_path: object) -> None:
    store = LocalStore(f"file://{tmp_path}")
    late, early, again = record(TODAY, 1), record(TODAY - timedelta(days=1), 2), record(TODAY, 3)
    uris = [write(store, entry) for entry in (late, early, again, again)]
    assert len(set(uris)) == 4  # the same decision twice is two records: nothing is overwritten
    assert list(newest_first(store)) == [again, again, late, early]
    assert list(newest_first(store, until=TODAY - timedelta(days=1))) == [early]
    assert list(newest_first(store, after=TODAY - timedelta(days=1))) == [again, again, late]
    assert of_evening(store, TODAY) == [late, again, again]
    assert of_evening(store, TODAY + timedelta(days=1)) == []


def test_no_evening_is_read_before_its_turn_comes(tmp_path: Path) -> None:
    store = LocalStore(tmp_path.as_uri())
    for days_ago in (0, 1):
        write(store, record(TODAY - timedelta(days=days_ago), 1))
    (tmp_path / "monitoring" / "decisions" / str(TODAY - timedelta(days=1))).joinpath("broken.json").write_text("{")
    told = newest_first(store)
    assert next(told).as_of == TODAY
    with pytest.raises(ValueError, match="Invalid JSON"):
        next(told)


def test_every_reason_is_one_sentence_with_its_numbers() -> None:
    quiet = decided(verdict(0, violates=False), verdict(1))
    assert quiet.reason == "the latest window is in order (1 of the last 2 windows violate)"
    assert decided(verdict(0, enough=False)).reason == "the window has too few contacts to decide anything"
    assert decided(verdict(0), verdict(1)).reason == "2 of the last 2 windows violate, 3 are needed: age has drifted"
    cooling = decided(verdict(0), verdict(2), verdict(1), last=TODAY - timedelta(days=27))
    assert cooling.reason == (
        "3 of the last 3 windows violate, but the last retraining was on 2009-03-04: none before 2009-04-01"
    )
    old = decided(verdict(5))
    assert old.reason == "3 working days without contacts since 2009-03-26: there is nothing new to judge by"
    assert (old.retrain, old.violating, old.windows) == (False, 1, 1)


def test_one_of_one_looks_at_the_latest_alone() -> None:
    config = MonitoringConfig(violations=1, of_windows=1)
    alone = decide(verdict(0), [verdict(2), verdict(1)], None, TODAY, config)
    assert (alone.retrain, alone.windows, alone.violating) == (True, 1, 1)
    two = decide(verdict(0), [verdict(2), verdict(1)], None, TODAY, MonitoringConfig(violations=2, of_windows=2))
    assert (two.retrain, two.windows, two.violating) == (True, 2, 2)


def test_three_reasons_are_all_named() -> None:
    latest = WindowVerdict(last_day=TODAY, enough=True, violates=True, reasons=("a", "b", "c"))
    assert decided(latest, verdict(1), verdict(2)).reason == "3 of the last 3 windows violate: a; b; c"
    more = latest.model_copy(update={"reasons": ("a", "b", "c", "d")})
    assert decided(more, verdict(1), verdict(2)).reason == "3 of the last 3 windows violate: a; b; c; and 1 more"


def test_of_two_verdicts_on_one_day_the_later_one_stands() -> None:
    seen = [verdict(2), verdict(1, violates=False), verdict(1)]
    assert decided(verdict(0), *seen).violating == 3
    assert decided(verdict(0), *reversed(seen)).violating == 2


def test_a_record_is_named_by_its_day_and_moment_in_utc_and_read_as_json(tmp_path: Path) -> None:
    store = LocalStore(f"file://{tmp_path}")
    east = record(TODAY, 1).model_copy(update={"at": datetime(2026, 1, 1, 2, 0, 1, 5, tzinfo=timezone(timedelta(hours=2)))})
    first, second = write(store, east), write(store, east)
    assert first == store.uri("monitoring", "decisions", "2009-03-31", "20260101T000001.000005Z-0.json")
    assert second == first.replace("-0.json", "-1.json")
    text = store.read_bytes(first).decode()
    assert text == east.model_dump_json(indent=1) + "\n"


def test_records_of_one_day_are_in_the_order_of_their_writing(tmp_path: Path) -> None:
    store = LocalStore(f"file://{tmp_path}")
    assert list(newest_first(store)) == of_evening(store, TODAY) == []
    nine, ten = record(TODAY, 9), record(TODAY, 10)
    for entry in (ten, nine):
        write(store, entry)
    assert list(newest_first(store)) == list(newest_first(store, until=TODAY)) == [ten, nine]
    assert of_evening(store, TODAY) == [nine, ten]
