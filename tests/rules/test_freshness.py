from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bank_marketing.rules.calendar import WEEKDAYS, Calendar, Weekday
from bank_marketing.rules.freshness import silent_days

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
    assert silent_days(FRIDAY, as_of, Calendar()) == silent


@given(
    st.dates(date(2000, 1, 1), date(2030, 1, 1)),
    st.integers(min_value=-30, max_value=500),
    st.sets(st.sampled_from(WEEKDAYS), min_size=1),
)
def test_counted_day_by_day(last: date, later: int, working: set[Weekday]) -> None:
    each = [last + timedelta(days=number) for number in range(1, later + 1)]
    calendar = Calendar(working_days=tuple(working))
    assert silent_days(last, last + timedelta(days=later), calendar) == sum(WEEKDAYS[day.weekday()] in working for day in each)


def test_a_holiday_is_not_missed() -> None:
    easter = Calendar(holidays="PT")
    assert silent_days(date(2026, 4, 2), date(2026, 4, 6), easter) == 1, (
        "Good Friday is a holiday, the Monday after Easter is none"
    )
