"""The inbox: lists that people bring are scored for the next day on which the campaign calls."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bank_marketing.landing import inbox
from bank_marketing.rules.calendar import Calendar

SATURDAYS_TOO = Calendar(working_days=("mon", "tue", "wed", "thu", "fri", "sat"))


@pytest.mark.parametrize(
    ("calendar", "evening", "following"),
    [
        (Calendar(), "2010-06-30", "2010-07-01"),
        (Calendar(), "2010-07-02", "2010-07-05"),
        (SATURDAYS_TOO, "2010-07-02", "2010-07-03"),
        (Calendar(holidays="PT"), "2010-06-09", "2010-06-11"),  # the 10th is Portugal's national day
    ],
)
def test_a_list_without_a_day_is_for_the_next_working_day(
    calendar: Calendar, evening: str, following: str, tmp_path: Path
) -> None:
    (tmp_path / inbox.INBOX).mkdir()
    (tmp_path / inbox.INBOX / "clients.csv").touch()
    file = inbox.uploaded("clients.csv", tmp_path, date.fromisoformat(evening), calendar)
    assert file.date == date.fromisoformat(following)
