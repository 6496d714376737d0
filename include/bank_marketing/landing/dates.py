"""The calendar date of every row of the archive.

The rows are in time order, in runs of constant (month, day_of_week, euribor3m): one run a contact day. All 490 runs equal the real
Euribor 3M fixing of the day that this rule gives. Reconstructed, exact to the day; the order within a day is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

FIRST_YEAR = 2008

#: Two runs skip whole weeks, which weekdays alone cannot tell: (year, month, euribor3m) -> the run's first possible day.
ANCHORS = {(2008, 10, "5.045"): date(2008, 10, 17), (2008, 12, "3.053"): date(2008, 12, 22)}


def contact_dates(runs: Iterable[tuple[str, str, str]]) -> Iterator[date]:
    """The date of each row.

    Args:
        runs: (month, day_of_week, euribor3m) of every row, as text, in the archive's order.

    Yields:
        One date a row, never falling.
    """
    year, before, day = FIRST_YEAR, ("", "", ""), date(FIRST_YEAR, 1, 1)
    for run in runs:
        if run != before:
            month = MONTHS.index(run[0]) + 1
            if before[0] and month < MONTHS.index(before[0]) + 1:
                year += 1
            earliest = day + timedelta(days=1) if before[0] == run[0] else date(year, month, 1)
            earliest = ANCHORS.get((year, month, run[2]), earliest)
            day = earliest + timedelta(days=(WEEKDAYS.index(run[1]) - earliest.weekday()) % 7)
            before = run
        yield day
