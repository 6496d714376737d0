"""The default campaign's source: dates rebuilt by rule, checked against what is known of the campaign, and its stand-in."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from bank_marketing.landing.archive import Archive
from bank_marketing.landing.daily import Day, archive_days
from tests.support.campaign import CONTRACT
from tests.support.sources import module_of, source_of

SOURCE = source_of("bank_marketing")
contact_dates = module_of("bank_marketing", "source").run_dates
synthetic = module_of("bank_marketing", "synthetic")
CAMPAIGN, synthetic_days = synthetic.CAMPAIGN, synthetic.synthetic_days


def test_a_new_day_is_the_next_one_with_that_weekday() -> None:
    runs = [("may", "mon", "4.857"), ("may", "mon", "4.857"), ("may", "tue", "4.857"), ("may", "mon", "4.858")]
    assert list(contact_dates(runs)) == [date(2008, 5, 5), date(2008, 5, 5), date(2008, 5, 6), date(2008, 5, 12)]


def test_the_year_goes_up_when_the_month_falls() -> None:
    assert list(contact_dates([("dec", "mon", "3.05"), ("mar", "mon", "1.8")]))[1].year == 2009


def test_the_two_gaps_are_anchored() -> None:
    runs = [("oct", "wed", "5.3"), ("oct", "fri", "5.045")]
    assert list(contact_dates(runs))[1] == date(2008, 10, 17)


@pytest.fixture(scope="module")
def days(archive: Archive) -> list[Day]:
    return list(archive_days(archive.csv, CONTRACT, SOURCE.dates))


def test_every_row_has_a_day_and_its_weekday(days: list[Day]) -> None:
    assert sum(len(rows) for _, rows in days) == 41_188
    assert len(days) == len({day for day, _ in days}) == 490
    assert (days[0][0], days[-1][0]) == (date(2008, 5, 5), date(2010, 11, 26))
    for day, rows in days:
        assert {(row["month"], row["day_of_week"]) for row in rows} == {
            (f"{day:%b}".lower(), f"{day:%a}".lower()),
        }


def test_the_synthetic_campaign_has_the_months_of_the_real_one(days: list[Day]) -> None:
    rows, contact_days, won = Counter[str](), Counter[str](), Counter[str]()
    for day, contacts in days:
        month = f"{day:%Y-%m}"
        rows[month] += len(contacts)
        contact_days[month] += 1
        won[month] += sum(contact["y"] == "yes" for contact in contacts)
    for month in CAMPAIGN:
        name = f"{month.year}-{month.month:02d}"
        assert (rows[name], contact_days[name]) == (month.rows, month.days)
        assert round(100 * won[name] / rows[name], 1) == pytest.approx(100 * month.yes, abs=0.06)
    assert len(rows) == len(CAMPAIGN)


def test_the_synthetic_campaign_keeps_its_own_months_and_rates() -> None:
    rows, won = Counter[str](), Counter[str]()
    for day, contacts in synthetic_days(seed=1):
        rows[f"{day:%Y-%m}"] += len(contacts)
        won[f"{day:%Y-%m}"] += sum(contact["y"] == "yes" for contact in contacts)
    for month in CAMPAIGN:
        name = f"{month.year}-{month.month:02d}"
        assert rows[name] == month.rows
        if month.rows > 1000:
            assert won[name] / rows[name] == pytest.approx(month.yes, rel=0.25)


def test_the_same_seed_gives_the_same_campaign_and_another_seed_another() -> None:
    first, again, other = (next(iter(synthetic_days(seed=seed))) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_scale_multiplies_the_rows_of_each_day() -> None:
    one, ten = next(iter(synthetic_days(seed=1))), next(iter(synthetic_days(seed=1, scale=10)))
    assert len(ten[1]) == 10 * len(one[1])
