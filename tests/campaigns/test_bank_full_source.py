"""The source of bank_full: the year that the file leaves out, counted from the months that fall."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from bank_marketing.campaign import load_campaign
from bank_marketing.landing.archive import find_archive
from bank_marketing.landing.daily import Day, archive_days
from bank_marketing.settings import Settings
from tests.support.sources import module_of, source_of

SOURCE = source_of("bank_full")


def rows(*days: tuple[str, str]) -> list[dict[str, str]]:
    return [{"day": day, "month": month} for day, month in days]


def test_the_year_goes_up_when_the_month_falls() -> None:
    told = list(SOURCE.dates(rows(("5", "may"), ("31", "dec"), ("2", "jan"), ("2", "jan"), ("1", "feb"), ("4", "jan"))))
    assert told == [
        date(2008, 5, 5),
        date(2008, 12, 31),
        date(2009, 1, 2),
        date(2009, 1, 2),
        date(2009, 2, 1),
        date(2010, 1, 4),
    ]


@pytest.fixture(scope="module")
def days() -> list[Day]:
    settings = Settings()
    path = SOURCE.archive.local(settings.archive) if settings.archive else None
    if path is None or not path.is_file() or path.name != SOURCE.archive.name:
        pytest.skip("BANK_ARCHIVE names no folder with bank.zip: the real archive is not at hand")
    archive = find_archive(settings, SOURCE.archive)
    assert archive is not None
    return list(archive_days(archive.csv, load_campaign("bank_full").contract, SOURCE.dates))


def test_every_row_has_its_day_and_no_day_comes_twice(days: list[Day]) -> None:
    assert sum(len(rows) for _, rows in days) == 45_211
    assert len(days) == len({day for day, _ in days}) == SOURCE.days == 561
    assert (days[0][0], days[-1][0]) == (date(2008, 5, 5), date(2010, 11, 17))
    assert [day for day, _ in days] == sorted(day for day, _ in days)
    for day, rows in days:
        assert {(row["day"], row["month"]) for row in rows} == {(str(day.day), f"{day:%b}".lower())}


def test_calls_on_weekends_are_there(days: list[Day]) -> None:
    weekdays = Counter(day.weekday() for day, rows in days for _ in rows)
    assert weekdays[5] + weekdays[6] == 50


def test_the_synthetic_stand_in_has_the_months_rates_and_channels_of_the_real_campaign() -> None:
    synthetic = module_of("bank_full", "synthetic")
    rows, won, channels = Counter[str](), Counter[str](), Counter[tuple[str, str]]()
    contract = load_campaign("bank_full").contract
    last = date.min
    for day, contacts in synthetic.synthetic_days(1):
        assert last < day
        last = day
        month = f"{day:%Y-%m}"
        rows[month] += len(contacts)
        won[month] += sum(row["y"] == "yes" for row in contacts)
        channels.update((month, row["contact"]) for row in contacts)
        assert set(contacts[0]) == {column.source_name for column in contract.columns}
    for year, month, count, _, rate, telephone, unknown, _ in synthetic.CAMPAIGN:
        name = f"{year}-{month:02d}"
        assert rows[name] == count
        if count > 2000:  # of fewer, chance moves the rate by more
            assert won[name] / count == pytest.approx(rate / 100, rel=0.25)
            assert channels[name, "telephone"] / count == pytest.approx(telephone / 100, abs=0.02)
            assert channels[name, "unknown"] / count == pytest.approx(unknown / 100, abs=0.02)
