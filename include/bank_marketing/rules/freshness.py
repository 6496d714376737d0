"""Whether a feed still brings contacts: the working days of the campaign's calendar that have brought none."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

#: Weekdays on which a campaign calls, 0 is Monday.
MONDAY_TO_FRIDAY = (0, 1, 2, 3, 4)

#: Working days without contacts that are nothing to speak of: Easter, Christmas. 28 of the first campaign's 489 gaps are as long.
USUAL_SILENCE = 2

#: Working days without contacts that no pause of the first campaign has reached (the longest was 49): the feed has ended.
NO_LONGER_A_PAUSE = 60


def silent_days(last_contact_day: date, as_of: date, working_days: Collection[int] = MONDAY_TO_FRIDAY) -> int:
    """Working days after the last contact day, up to and with `as_of`."""
    weeks, rest = divmod(max((as_of - last_contact_day).days, 0), 7)
    days = (last_contact_day + timedelta(days=number) for number in range(1, rest + 1))
    return weeks * len(set(working_days)) + sum(day.weekday() in working_days for day in days)
