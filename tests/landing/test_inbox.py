"""The inbox: lists that people bring are scored for the next day on which the call centre works."""

from __future__ import annotations

from datetime import date

import pytest

from bank_marketing.landing import inbox


@pytest.mark.parametrize(
    ("evening", "following"), [("2010-06-30", "2010-07-01"), ("2010-07-02", "2010-07-05"), ("2010-07-03", "2010-07-05")]
)
def test_the_call_centre_works_on_weekdays(evening: str, following: str) -> None:
    assert inbox.next_weekday(date.fromisoformat(evening)) == date.fromisoformat(following)
