"""The day a run works on and what it was asked for, for every kind of trigger."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from bank_marketing.errors import InvalidAsOf
from bank_marketing_airflow.run_context import resolve_as_of, run_context, run_options
from tests.support.task_context import task_context

DAY = date(2010, 6, 30)


def asset_events(*days: str) -> dict[str, list[Any]]:
    return {"bank-marketing-snapshot": [SimpleNamespace(extra={"as_of": day} if day else {}) for day in days]}


def test_the_parameter_comes_first() -> None:
    context = task_context(params={"as_of": "2009-03-02"}, events=asset_events("2009-05-05"))
    assert resolve_as_of(context) == date(2009, 3, 2)


def test_then_the_event_that_triggered_the_run() -> None:
    assert resolve_as_of(task_context(events=asset_events("", "2009-05-05"))) == date(2009, 5, 5)


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


def test_a_reason_that_was_left_empty_is_no_reason() -> None:
    assert run_options(task_context(params={"reason": None}))["reason"] == ""
    assert "reason" not in run_options(task_context())
