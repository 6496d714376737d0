"""A new day is compared with every contact that landed before it, and with few files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd
import pytest

from bank_marketing.artifacts import ArtifactStore
from bank_marketing.components import ingest_data
from bank_marketing.components.context import RunContext
from bank_marketing.etl.known_contacts import any_landed_before
from bank_marketing.etl.snapshot import CleanDay
from bank_marketing.settings import Settings
from tests.support.clean import clean_rows, publish_snapshot

#: Two days of May, two of June, two of July.
DAYS = [date(2010, month, day) for month in (5, 6, 7) for day in (3, 29)]


@pytest.fixture
def context(settings: Settings) -> RunContext:
    return RunContext("test_dag", "ids", DAYS[-1], settings)


@pytest.fixture
def days(context: RunContext) -> Sequence[CleanDay]:
    """Six days of three contacts, T00001 to T00018."""
    return published(clean_rows(DAYS, rows_a_day=3), context)


def published(rows: pd.DataFrame, context: RunContext) -> tuple[CleanDay, ...]:
    return ingest_data.load(publish_snapshot(context, rows), context).snapshot.days


def new_day(day: date, contacts: Sequence[int], context: RunContext) -> tuple[CleanDay, ...]:
    return published(pd.concat([clean_rows([day], rows_a_day=1, first=number) for number in contacts]), context)


def asked(new: Sequence[CleanDay], earlier: Sequence[CleanDay], store: ArtifactStore) -> bool:
    return any_landed_before(new, earlier, store, store.uri("clean/contacts/ids"))


@pytest.mark.parametrize(
    ("contacts", "before"),
    [((19, 20), False), ((19, 1), True), ((6, 19), True), ((7,), True), ((13,), True), ((18,), True), ((10001,), False)],
)
def test_a_contact_is_found_in_whatever_month_it_landed(
    contacts: tuple[int, ...], before: bool, days: Sequence[CleanDay], context: RunContext
) -> None:
    new = new_day(date(2010, 7, 30), contacts, context)
    for _ in range(2):  # from the days' own files, then from those of the months
        assert asked(new, days, context.store) is before


@pytest.mark.parametrize(("second", "before"), [((21,), False), ((20,), True)])
def test_two_new_days_are_compared_with_each_other(
    second: tuple[int, ...], before: bool, days: Sequence[CleanDay], context: RunContext
) -> None:
    new = [*new_day(date(2010, 7, 30), (19, 20), context), *new_day(date(2010, 8, 2), second, context)]
    assert asked(new, days, context.store) is before


def test_days_without_clean_rows_are_nobodys(days: Sequence[CleanDay], context: RunContext) -> None:
    empty = days[0].model_copy(update={"clean": 0, "contact_date": date(2010, 7, 30)})
    assert not asked([empty], days, context.store)
    assert not asked(new_day(date(2010, 7, 30), (1,), context), [empty], context.store)
    assert not asked(new_day(date(2010, 7, 30), (1,), context), [], context.store)


def test_the_days_of_a_month_that_is_over_are_opened_once(days: Sequence[CleanDay], context: RunContext) -> None:
    asked(new_day(date(2010, 7, 30), (19,), context), days, context.store)
    assert len(list(context.store.list_files(context.store.uri("clean/contacts/ids")))) == 2, "May and June; July goes on"
    for day in days[:4]:
        context.store.remove(context.store.uri(day.path))
    assert asked(new_day(date(2010, 7, 30), (6,), context), days, context.store)
    assert not asked(new_day(date(2010, 7, 30), (19,), context), days, context.store)


def test_a_corrected_day_makes_its_month_another(days: Sequence[CleanDay], context: RunContext) -> None:
    new = new_day(date(2010, 7, 30), (99,), context)
    assert not asked(new, days, context.store)
    [corrected] = new_day(DAYS[0], (1, 2, 99), context)
    assert asked(new, [corrected, *days[1:]], context.store)
