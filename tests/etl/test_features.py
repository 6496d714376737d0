"""Features know the evening before, never the day itself or later."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from pyspark.sql import DataFrame, SparkSession

from bank_marketing.etl.features import build_features, campaign_history, daily_outcomes
from tests.support.campaign import CONTRACT, FEATURES
from tests.support.landed import Row, contact

DAYS = [date(2009, 3, 2) + timedelta(days=n) for n in (0, 1, 2, 3, 7, 8, 9, 10)]


def contacts(spark: SparkSession, rows: list[Row]) -> DataFrame:
    kept = [{**row, "y": int(row["y"] == "yes")} for row in rows]
    return spark.createDataFrame(kept)


def campaign_rows(flip_from: date | None = None) -> list[Row]:
    """Five contacts a day; outcomes of `flip_from` and later are turned round."""
    rows = []
    for number, day in enumerate(DAYS):
        for i in range(5):
            won = (i + number) % 3 == 0
            if flip_from is not None and day >= flip_from:
                won = not won
            channel = "telephone" if (i * number) % 4 == 1 else "cellular"
            rows.append(contact(number * 5 + i, day, contact_date=day, contact=channel, y="yes" if won else "no"))
    return rows


def features(spark: SparkSession, rows: list[Row], sizes: list[tuple[date, int]] | None = None) -> list[dict[str, object]]:
    frame = contacts(spark, rows)
    list_sizes = spark.createDataFrame(sizes or [(day, 5) for day in DAYS], "contact_date date, list_size long")
    history = campaign_history(daily_outcomes(frame, list_sizes, FEATURES), FEATURES)
    table = build_features(frame, history, CONTRACT).orderBy("contact_date", "contact_id")
    return [row.asDict() for row in table.collect()]


def test_counts_are_those_of_the_contact_days_before(spark: SparkSession) -> None:
    rows = campaign_rows()
    won = {day: sum(row["y"] == "yes" for row in rows if row["contact_date"] == day) for day in DAYS}
    for row in features(spark, rows):
        earlier = [day for day in DAYS if day < row["contact_date"]]  # type: ignore[operator]
        assert row["contacts_1d"] == (5 if earlier else 0)
        assert row["conversions_1d"] == sum(won[day] for day in earlier[-1:])
        assert row["conversions_5d"] == sum(won[day] for day in earlier[-5:])
        assert row["contacts_20d"] == row["contacts_all"] == 5 * len(earlier)
        assert row["conversions_all"] == sum(won[day] for day in earlier)
        mobile = [one for one in rows if one["contact_date"] in earlier and one["contact"] == "cellular"]
        assert row["contacts_20d_cellular"] == len(mobile)
        assert row["conversions_20d_cellular"] == sum(one["y"] == "yes" for one in mobile)
        expected_gap = (row["contact_date"] - earlier[-1]).days if earlier else None  # type: ignore[operator]
        assert row["days_since_last_contact_day"] == expected_gap


@pytest.mark.parametrize("day", DAYS)
def test_outcomes_of_a_day_or_later_move_no_feature_of_that_day_or_earlier(spark: SparkSession, day: date) -> None:
    def until(rows: list[dict[str, object]]) -> list[dict[str, object]]:
        return [{k: v for k, v in row.items() if k != "y"} for row in rows if row["contact_date"] <= day]  # type: ignore[operator]

    assert until(features(spark, campaign_rows())) == until(features(spark, campaign_rows(flip_from=day)))


def test_outcomes_of_the_day_before_do_move_the_features(spark: SparkSession) -> None:
    moved = features(spark, campaign_rows(flip_from=DAYS[3]))
    still = features(spark, campaign_rows())
    assert [r["conversions_1d"] for r in moved if r["contact_date"] == DAYS[4]] != [
        r["conversions_1d"] for r in still if r["contact_date"] == DAYS[4]
    ]


def test_list_size_is_the_days_own_list_not_its_clean_rows(spark: SparkSession) -> None:
    table = features(spark, campaign_rows(), sizes=[(day, 9) for day in DAYS])
    assert {row["list_size"] for row in table} == {9}


def test_duration_is_never_a_feature(spark: SparkSession) -> None:
    row = features(spark, campaign_rows())[0]
    assert "duration" not in row
    assert set(FEATURES.campaign_columns) <= set(row)
