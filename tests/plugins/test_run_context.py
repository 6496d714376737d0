"""The day a run works on and what it was asked for, for every kind of trigger."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from bank_marketing.campaign import CAMPAIGNS
from bank_marketing.components.context import RunContext
from bank_marketing.errors import ConfigError, InvalidAsOf
from bank_marketing.landing.zone import SOURCE_FILE, LandedSource
from bank_marketing_airflow.factory import schedule_of
from bank_marketing_airflow.lateness import late_mail
from bank_marketing_airflow.run_context import begin, live, resolve_as_of, run_context, run_options
from tests.support import monitored
from tests.support.landed import land_days
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


@pytest.fixture
def tokyo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A campaign whose days begin nine hours before those of UTC."""
    shutil.copytree(CAMPAIGNS / "bank_marketing", tmp_path / "tokyo")
    with (tmp_path / "tokyo" / "params.yaml").open("a", encoding="utf-8") as params:
        params.write("\ncalendar: {timezone: Asia/Tokyo}\n")
    monkeypatch.setenv("BANK_CAMPAIGNS", f"bank_marketing,{tmp_path / 'tokyo'}")
    return "tokyo"


def test_schedules_and_days_are_those_of_the_campaigns_time_zone(tokyo: str) -> None:
    zones = {name: schedule_of(name, "training", "0 0 * * *").timezone for name in ("bank_marketing", tokyo)}
    assert zones == {"bank_marketing": "UTC", tokyo: "Asia/Tokyo"}
    midnight = datetime(2010, 6, 29, 15, tzinfo=UTC)  # where the 30th begins in Tokyo
    assert resolve_as_of(task_context(dag_id="tokyo_training", logical_date=midnight)) == DAY
    assert resolve_as_of(task_context(logical_date=midnight)) == date(2010, 6, 29)
    run = {
        "dag_id": "tokyo_batch_scoring",
        "dag_run_id": "scheduled__1",
        "state": "failed",
        "logical_date": "2010-06-29T15:00:00Z",
    }
    assert late_mail(run).subject == "[bank-marketing] tokyo_batch_scoring: the call list after 2010-06-30 is late"
    assert late_mail(run | {"conf": {"as_of": "2010-06-25"}}).subject.endswith("after 2010-06-25 is late")


def test_a_campaign_that_cannot_be_read_is_scheduled_all_the_same(tokyo: str, tmp_path: Path) -> None:
    """Its DAGs are there, and their first task says what is wrong."""
    (tmp_path / "tokyo" / "params.yaml").write_text("calendar: {timezone: Nippon}\n", encoding="utf-8")
    assert schedule_of(tokyo, "training", "0 0 * * *").timezone == "UTC"


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


@pytest.fixture
def ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> date:
    """A landing zone with a campaign that is over; its last day."""
    monkeypatch.setenv("BANK_HOME", str(tmp_path))
    monkeypatch.delenv("BANK_LANDING_ROOT", raising=False)
    source = tmp_path / "landing" / SOURCE_FILE
    land_days(source.parent, [date(2010, 11, 25), date(2010, 11, 26)], rows_a_day=1)
    source.write_text(LandedSource(kind="archive").model_dump_json())
    return date(2010, 11, 26)


@pytest.mark.parametrize("run_type", ["scheduled", "asset_triggered", "backfill"])
def test_past_its_end_a_campaign_skips_what_nobody_asked_for(run_type: str, ended: date) -> None:
    night = datetime(2026, 11, 26, tzinfo=UTC)
    with pytest.raises(AirflowSkipException, match="the campaign ended on 2010-11-26: there is nothing to do for 2026-11-26"):
        begin(task_context(logical_date=night, run_type=run_type))


def test_a_run_by_hand_past_the_end_is_told_to_name_a_day(ended: date) -> None:
    with pytest.raises(InvalidAsOf, match=r"ended on 2010-11-26.*Trigger the run with `as_of`"):
        begin(task_context(logical_date=datetime(2026, 11, 26, tzinfo=UTC)))


@pytest.mark.parametrize("day", [date(2010, 11, 26), date(2010, 6, 30), date(2026, 11, 26)])
def test_a_day_that_was_asked_for_is_worked_on(day: date, ended: date) -> None:
    assert begin(task_context(params={"as_of": str(day)})).as_of == day


def test_the_last_day_itself_is_no_end_and_a_feed_has_none(ended: date, tmp_path: Path) -> None:
    assert begin(task_context(logical_date=datetime(2010, 11, 26, tzinfo=UTC), run_type="scheduled")).as_of == ended
    (tmp_path / "landing" / SOURCE_FILE).unlink()
    assert begin(task_context(logical_date=datetime(2026, 11, 26, tzinfo=UTC), run_type="scheduled")).as_of == date(
        2026, 11, 26
    )


def test_a_parameter_that_the_form_does_not_have_is_refused(ended: date) -> None:
    context = task_context(params={"as_of": str(ended)}, conf={"asof": "2010-06-30", "promote": "no"})
    with pytest.raises(
        ConfigError, match="bank_marketing_training has no parameter asof; it has: as_of, promote, approval, reason"
    ):
        begin(context)


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
