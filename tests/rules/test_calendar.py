"""The calendar of a campaign: weekdays with calls, and public holidays without."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from bank_marketing.rules.calendar import Calendar

SIX_DAYS = Calendar(working_days=("mon", "tue", "wed", "thu", "fri", "sat"))
BAVARIA = Calendar(holidays="DE-BY")


@pytest.mark.parametrize(
    ("calendar", "after", "following"),
    [
        (Calendar(), "2010-06-30", "2010-07-01"),
        (Calendar(), "2010-07-02", "2010-07-05"),
        (Calendar(), "2010-07-03", "2010-07-05"),
        (SIX_DAYS, "2010-07-02", "2010-07-03"),
        (SIX_DAYS, "2010-07-03", "2010-07-05"),
        (Calendar(working_days=("sun",)), "2010-07-04", "2010-07-11"),
        (BAVARIA, "2026-01-05", "2026-01-07"),  # Epiphany is a holiday in Bavaria
        (Calendar(holidays="DE"), "2026-01-05", "2026-01-06"),  # ... and not in all of Germany
        (BAVARIA, "2026-12-24", "2026-12-28"),  # Christmas on a Friday, its second day on a Saturday
    ],
)
def test_the_next_working_day(calendar: Calendar, after: str, following: str) -> None:
    assert calendar.next_working_day(date.fromisoformat(after)) == date.fromisoformat(following)


@pytest.mark.parametrize(
    ("calendar", "day", "reason"),
    [
        (Calendar(), "2010-07-04", "is a Sunday, and the campaign does not call on Sundays"),
        (SIX_DAYS, "2010-07-03", ""),
        (BAVARIA, "2026-12-25", "is a public holiday, Christmas Day"),
        (Calendar(), "2026-12-25", ""),
    ],
)
def test_what_speaks_against_a_day(calendar: Calendar, day: str, reason: str) -> None:
    assert calendar.why_not(date.fromisoformat(day)) == reason
    assert calendar.works(date.fromisoformat(day)) == (not reason)


@pytest.mark.parametrize(
    "wrong",
    [
        {"holidays": "XX"},
        {"holidays": "DE-XX"},
        {"holidays": "Germany"},
        {"working_days": []},
        {"working_days": ["monday"]},
        {"timezone": "CET+1"},
        {"timezone": ""},
    ],
)
def test_what_is_no_calendar_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Calendar.model_validate(wrong)


@pytest.mark.parametrize(
    ("zone", "day"),
    [("UTC", "2010-06-30"), ("Europe/Zurich", "2010-07-01"), ("Asia/Tokyo", "2010-07-01"), ("America/New_York", "2010-06-30")],
)
def test_a_day_begins_where_the_campaign_is(zone: str, day: str) -> None:
    calendar = Calendar(timezone=zone)
    assert calendar.day_of(datetime(2010, 6, 30, 22, 0, tzinfo=UTC)) == date.fromisoformat(day)
    assert calendar.day_of(datetime(2010, 6, 30, 22, 0)) == date.fromisoformat(day), "what says no zone is UTC"  # noqa: DTZ001
    assert abs((calendar.today() - datetime.now(UTC).date()).days) <= 1
