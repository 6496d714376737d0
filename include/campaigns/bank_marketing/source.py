"""UCI's bank-additional-full.csv as daily files: 41,188 calls on 490 days. Moro, Cortez and Rita (2014), CC BY 4.0.

The file names a row's month and weekday, not its date. Its rows are in time order, in runs of constant (month, day_of_week,
euribor3m): one run a contact day. All 490 runs equal the real Euribor 3M fixing of the day that the rule below gives.
Reconstructed, exact to the day; the order within a day is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

from bank_marketing.landing.pinned import PinnedArchive

ARCHIVE = PinnedArchive(
    name="bank-additional.zip",
    sha256="a607b5edab6c6c75ce09c39142a77702c38123bd5aa7ae89a63503bbe17d65cd",
    csv_name="bank-additional/bank-additional-full.csv",
    csv_sha256="74adfc578bf77a7ff4bb1ba4a9f8709d9e3c6907342959c2c8416847e0afb4d8",
    urls=(
        "https://archive.ics.uci.edu/static/public/222/bank+marketing.zip",
        "https://archive.ics.uci.edu/ml/machine-learning-databases/00222/bank-additional.zip",
    ),
    outer_name="bank+marketing.zip",
    title="UCI Bank Marketing campaign",
)

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

FIRST_YEAR = 2008

#: Contact days of the campaign: the length of a progress bar.
DAYS = 490

#: Two runs skip whole weeks, which weekdays alone cannot tell: (year, month, euribor3m) -> the run's first possible day.
ANCHORS = {(2008, 10, "5.045"): date(2008, 10, 17), (2008, 12, "3.053"): date(2008, 12, 22)}


def dates(rows: Sequence[Mapping[str, str]]) -> Iterator[date]:
    """The date of each row of the archive, never falling."""
    return run_dates((row["month"], row["day_of_week"], row["euribor3m"]) for row in rows)


def run_dates(runs: Iterable[tuple[str, str, str]]) -> Iterator[date]:
    """The date of each row, given as (month, day_of_week, euribor3m) in the archive's order."""
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
