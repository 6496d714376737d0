"""The day a run works on and what it was asked for, for every kind of trigger."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bank_marketing.components.context import RunContext
from bank_marketing.errors import InvalidAsOf
from bank_marketing_airflow.run_context import live, resolve_as_of, run_context, run_options
from tests.support import monitored
from tests.support.task_context import task_context

DAY = date(2010, 6, 30)


def asset_events(*days: str) -> dict[str, list[Any]]:
    return {"bank-marketing-snapshot": [SimpleNamespace(extra={"as_of": day} if day else {}) for day in days]}


def test_the_parameter_comes_first() -> None:
    context = task_context(params={"as_of": "2009-03-02"}, events=asset_events("2009-05-05"))
    assert resolve_as_of(context) == date(2009, 3, 2)


def test_then_the_event_that_triggered_the_run() -> None:
    assert resolve_as_of(task_context(events=asset_events("", "2009-05-05"))) == date(2009, 5, 5)


def test_of_events_that_piled_up_the_newest_day_is_worked_on() -> None:
    """Airflow hands them over in no order: nine events up to a day in November once worked on one in June."""
    piled = asset_events("2009-05-05", "2010-02-26", "", "2009-11-30")
    assert resolve_as_of(task_context(events=piled)) == date(2010, 2, 26)
    two_assets = {"one": asset_events("2009-05-05")["bank-marketing-snapshot"]} | asset_events("2009-05-04")
    assert resolve_as_of(task_context(events=two_assets)) == date(2009, 5, 5)


@pytest.mark.parametrize("events", [{}, asset_events("")], ids=["no event", "an event that names no day"])
def test_then_the_logical_date(events: dict[str, list[Any]]) -> None:
    assert resolve_as_of(task_context(params={"as_of": None}, events=events)) == DAY


def test_a_run_without_logical_date_works_on_the_day_it_may_start() -> None:
    assert resolve_as_of(task_context(logical_date=None, run_after=datetime(2010, 7, 1, 2, tzinfo=UTC))) == date(2010, 7, 1)


def test_a_run_without_any_day_is_told_what_to_do() -> None:
    with pytest.raises(InvalidAsOf, match="trigger it with as_of"):
        resolve_as_of(task_context(logical_date=None, run_after=None))


@pytest.mark.parametrize(("given", "words"), [("30.06.2010", "not a date"), ("2999-01-01", "future")])
def test_a_day_that_cannot_be_is_refused(given: str, words: str) -> None:
    with pytest.raises(InvalidAsOf, match=words):
        resolve_as_of(task_context(params={"as_of": given}))


def test_artifacts_go_under_the_dag_the_day_and_the_run() -> None:
    uri = run_context(task_context(run_id="manual__2010-06-30T00:00:00+00:00")).component_uri("ingest_data")
    assert uri.endswith("/runs/bank_marketing_training/2010-06-30/manual__2010-06-30T00-00-00-00-00/ingest_data")


@pytest.mark.parametrize(
    ("asked", "run_type", "may"),
    [
        ("auto", "scheduled", True), ("auto", "manual", True), ("auto", "backfill", False),
        ("yes", "backfill", True), ("no", "scheduled", False),
    ],
)  # fmt: skip
def test_only_a_backfill_leaves_production_alone_by_itself(asked: str, run_type: str, may: bool) -> None:
    options = run_options(task_context(params={"promote": asked, "reason": "why"}, run_type=run_type))
    assert options["promote"] is may
    assert (options["who"], options["reason"]) == ("airflow:bank_marketing_training", "why")


@pytest.mark.parametrize(
    ("run_type", "promote", "days_ago", "lives"),
    [
        ("scheduled", "auto", 0, True), ("manual", "auto", 0, True), ("asset_triggered", None, -1, True), ("backfill", "yes", 0, False),
        ("manual", "no", 0, False), ("manual", "auto", 1, False), ("manual", "yes", 1, False),
    ],
)  # fmt: skip
def test_the_live_loop_is_of_evenings_that_are_new(
    run_type: str, promote: str | None, days_ago: int, lives: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BANK_HOME", str(tmp_path))
    monkeypatch.delenv("BANK_ARTIFACT_ROOT", raising=False)
    newest = monitored.DAYS[10]
    monitored.publish_features(newest, RunContext("bank_marketing_training", "a", newest, monitored.settings_of(tmp_path)))
    params = {"as_of": str(newest - timedelta(days=days_ago))} | ({"promote": promote} if promote else {})
    context = task_context(params=params, run_type=run_type)
    assert live(context, run_context(context)) is lives


def test_the_first_day_of_all_is_live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANK_HOME", str(tmp_path))
    context = task_context(params={"as_of": "2009-03-02"})
    assert live(context, run_context(context))


def test_a_reason_that_was_left_empty_is_no_reason() -> None:
    assert run_options(task_context(params={"reason": None}))["reason"] == ""
    assert "reason" not in run_options(task_context())
