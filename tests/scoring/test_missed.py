"""A scheduler that was down says on its return what nobody made meanwhile."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from bank_marketing.components.context import RunContext
from bank_marketing.scoring.call_list import FOLDER
from bank_marketing.scoring.missed import missed_nights
from bank_marketing.settings import Settings

THURSDAY = date(2010, 7, 1)


def run_of(evening: date, settings: Settings) -> RunContext:
    return RunContext("bank_marketing_batch_scoring", "scheduled", evening, settings)


def scored(evening: date, settings: Settings) -> None:
    """A run of an evening has begun."""
    context = run_of(evening, settings)
    with context.stage() as stage:
        (stage.path / "version.json").write_text("{}")
        context.publish(stage, "select_model", "selected_model")


def listed(day: date, settings: Settings, *, made: bool) -> None:
    """A day's list has landed, and was made into a call list or not."""
    folder = settings.landing / "prospects" / f"dt={day}"
    folder.mkdir(parents=True)
    (folder / "prospects.csv").write_text("contact_id\n")
    context = run_of(day, settings)
    if made:
        with context.stage() as stage:
            (stage.path / "call_list.csv").write_text("contact_id\n")
            stage.publish(
                context.store.uri(FOLDER, f"contact_date={day}"),
                "call_list",
                as_of=day,
                dag_id="d",
                run_id="r",
                schema_digest="",
            )


@pytest.mark.parametrize(("nights", "missed"), [(1, []), (2, [2]), (5, [2, 3, 4, 5])])
def test_evenings_since_the_last_run_are_named(nights: int, missed: list[int], settings: Settings) -> None:
    scored(THURSDAY - timedelta(days=9), settings)
    scored(THURSDAY, settings)
    scored(THURSDAY + timedelta(days=20), settings)
    found = missed_nights(run_of(THURSDAY + timedelta(days=nights), settings))
    assert found.evenings == tuple(date(2010, 7, day) for day in missed)


def test_only_lists_that_nobody_made_are_told(settings: Settings) -> None:
    scored(THURSDAY, settings)
    for day, made in ((1, False), (2, True), (5, False), (6, True), (7, False), (8, False)):
        listed(date(2010, 7, day), settings, made=made)
    found = missed_nights(run_of(date(2010, 7, 7), settings))
    assert found.lists == (date(2010, 7, 5), date(2010, 7, 7)), "that of the 8th is what this night is for"


def test_the_first_night_of_all_has_missed_nothing(settings: Settings) -> None:
    listed(THURSDAY, settings, made=False)
    assert missed_nights(run_of(THURSDAY, settings)) == missed_nights(run_of(THURSDAY + timedelta(days=3), settings))


def test_a_run_that_did_not_get_to_its_model_scored_nobody(settings: Settings) -> None:
    scored(THURSDAY, settings)
    failed = run_of(THURSDAY + timedelta(days=1), settings)
    failed.store.write_bytes(failed.error_uri("select_model"), b"{}")
    assert missed_nights(run_of(THURSDAY + timedelta(days=2), settings)).evenings == (THURSDAY + timedelta(days=1),)
