"""UCI's bank-full.csv as daily files: 45,211 calls on 561 days. Moro, Cortez and Rita (2014), CC BY 4.0.

The file names a row's day and month, not its year. Its rows are in time order without exception, from May 2008 on, so the year
goes up by one whenever the month falls. The order within a day is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from bank_marketing.landing.pinned import PinnedArchive

ARCHIVE = PinnedArchive(
    name="bank.zip",
    sha256="99d7e8eb12401ed278b793984423915411ea8df099e1795f9fefe254f513fe5e",
    csv_name="bank-full.csv",
    csv_sha256="d1513ec63b385506f7cfce9f2c5caa9fe99e7ba4e8c3fa264b3aaf0f849ed32d",
    urls=(
        "https://archive.ics.uci.edu/static/public/222/bank+marketing.zip",
        "https://archive.ics.uci.edu/ml/machine-learning-databases/00222/bank.zip",
    ),
    outer_name="bank+marketing.zip",
    title="UCI Bank Marketing campaign (bank-full)",
)

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

FIRST_YEAR = 2008

#: Contact days of the campaign: the length of a progress bar.
DAYS = 561


def dates(rows: Sequence[Mapping[str, str]]) -> Iterator[date]:
    """The date of each row of the archive, never falling."""
    year, before = FIRST_YEAR, 0
    for row in rows:
        month = MONTHS.index(row["month"]) + 1
        year += month < before
        before = month
        yield date(year, month, int(row["day"]))
