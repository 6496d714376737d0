"""Decisions about models on record: appended, never replaced, read in their order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from bank_marketing.artifacts import open_store
from bank_marketing.registry import records
from bank_marketing.registry.records import Record
from bank_marketing.settings import Settings

NOON = datetime(2010, 7, 1, 12, tzinfo=UTC)


def decision(version: int, at: datetime = NOON) -> Record:
    return Record(action="promoted", at=at, who="tester", reasons=("better",), version=version)


def test_two_decisions_of_one_moment_are_both_kept(settings: Settings) -> None:
    store = open_store(settings)
    places = [records.write(store, decision(version)) for version in (1, 2, 3)]
    assert len(set(places)) == 3
    assert [entry.version for entry in records.history(store)] == [1, 2, 3]


def test_history_is_in_order_of_time_whatever_the_clock_of_who_wrote(settings: Settings) -> None:
    store = open_store(settings)
    lisbon_summer = timezone(timedelta(hours=1))
    records.write(store, decision(2, (NOON + timedelta(microseconds=1)).astimezone(lisbon_summer)))
    records.write(store, decision(1, NOON))
    records.write(store, decision(3, (NOON + timedelta(minutes=59)).astimezone(lisbon_summer)))
    assert [entry.version for entry in records.history(store)] == [1, 2, 3]


def test_a_record_says_all_that_it_was_given(settings: Settings) -> None:
    store = open_store(settings)
    given = decision(4).model_copy(
        update={"from_version": 3, "to_version": 4, "run": "dag/run", "metrics": {"candidate": {"f1": 0.5}}}
    )
    records.write(store, given)
    assert records.history(store) == [given]


def test_the_newest_record_is_read_without_the_older_ones(settings: Settings) -> None:
    store = open_store(settings)
    for hours in (0, 1):
        records.write(store, decision(hours, NOON + timedelta(hours=hours)))
    oldest = next(store.list_files(store.uri(records.FOLDER)))
    store.write_bytes(oldest, b"{")
    told = records.newest_first(store)
    assert next(told).version == 1
    with pytest.raises(ValueError, match="Invalid JSON"):
        next(told)
