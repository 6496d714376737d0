"""Whether a feed still brings contacts: the working days of the campaign's calendar that have brought none."""

from __future__ import annotations

from datetime import date, timedelta

from bank_marketing.rules.calendar import Calendar

#: Working days without contacts that are nothing to speak of: Easter, Christmas. 28 of the first campaign's 489 gaps are as long.
USUAL_SILENCE = 2

#: Working days without contacts that no pause of the first campaign has reached (the longest was 49): the feed has ended.
NO_LONGER_A_PAUSE = 60


def silent_days(last_contact_day: date, as_of: date, calendar: Calendar) -> int:
    """Working days of the calendar after the last contact day, up to and with `as_of`."""
    passed = (as_of - last_contact_day).days
    return sum(calendar.works(last_contact_day + timedelta(days=number)) for number in range(1, passed + 1))
