from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bank_marketing.rules.freshness import MONDAY_TO_FRIDAY, silent_days

FRIDAY = date(2010, 11, 26)


@pytest.mark.parametrize(
    ("as_of", "silent"),
    [
        (FRIDAY, 0), (FRIDAY + timedelta(days=2), 0), (FRIDAY + timedelta(days=3), 1), (FRIDAY + timedelta(days=7), 5),
        (FRIDAY + timedelta(days=8), 5), (FRIDAY + timedelta(days=10), 6), (FRIDAY - timedelta(days=4), 0), (date(2026, 11, 26), 4174),
    ],
    ids=["the day itself", "Sunday", "Monday's evening", "a week", "a Saturday", "the Monday after", "before", "sixteen years"],
)  # fmt: skip
def test_only_working_days_are_missed(as_of: date, silent: int) -> None:
    assert silent_days(FRIDAY, as_of) == silent


@given(
    st.dates(date(2000, 1, 1), date(2030, 1, 1)),
    st.integers(min_value=-30, max_value=500),
    st.sets(st.integers(min_value=0, max_value=6)),
)
def test_counted_day_by_day(last: date, later: int, working: set[int]) -> None:
    each = [last + timedelta(days=number) for number in range(1, later + 1)]
    assert silent_days(last, last + timedelta(days=later), working) == sum(day.weekday() in working for day in each)
    assert silent_days(last, last + timedelta(days=later)) == sum(day.weekday() in MONDAY_TO_FRIDAY for day in each)
