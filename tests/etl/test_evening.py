"""The counts of one evening, from a few rows in pandas, are those that Spark counts for all of history."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from bank_marketing.campaign.features import FeatureSpec, Segment
from bank_marketing.etl.evening import counts_of_evening
from bank_marketing.etl.features import campaign_history, daily_outcomes
from tests.support.campaign import FEATURES

FIRST = date(2009, 1, 5)

#: A day's contacts: channel, earlier outcome, outcome.
CONTACT = st.tuples(
    st.sampled_from(["cellular", "telephone"]), st.sampled_from(["failure", "nonexistent", "success"]), st.integers(0, 1)
)
DAYS = st.lists(st.lists(CONTACT, min_size=1, max_size=4), min_size=1, max_size=9)
SPECS = st.builds(
    lambda windows, segment: FEATURES.model_copy(
        update={
            "windows": tuple(sorted(windows)),
            "segments": {
                "contact": Segment(window=segment, counted={"cellular": ("cellular",)}, prior=20),
                "poutcome": Segment(window=segment, counted={"met": ("failure", "success"), "new": ("nonexistent",)}, prior=5),
            },
        }
    ),
    st.sets(st.integers(1, 12), min_size=1, max_size=3),
    st.integers(1, 12),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days=DAYS, spec=SPECS)
def test_spark_and_pandas_count_the_same(
    spark: SparkSession, days: list[list[tuple[str, str, int]]], spec: FeatureSpec
) -> None:
    rows = pd.DataFrame(
        [(FIRST + timedelta(days=number), *contact) for number, day in enumerate(days) for contact in day],
        columns=["contact_date", "contact", "poutcome", "y"],
    )
    dates = [FIRST + timedelta(days=number) for number in range(len(days))]
    sizes = spark.createDataFrame(list(zip(dates, map(len, days), strict=True)), "contact_date date, list_size long")
    contacts = spark.createDataFrame(rows, "contact_date date, contact string, poutcome string, y int")
    outcomes = daily_outcomes(contacts, sizes, spec)
    coming = spark.createDataFrame([(date.max,)], "contact_date date")
    history = campaign_history(outcomes.unionByName(coming, allowMissingColumns=True), spec)
    found = {row["contact_date"]: row.asDict() for row in history.collect()}
    for number in range(1, len(days) + 1):
        known = rows[rows["contact_date"] < FIRST + timedelta(days=number)]
        spark_row = found[FIRST + timedelta(days=number) if number < len(days) else date.max]
        assert counts_of_evening(known, spec) == {count.name: spark_row[count.name] for count in spec.counts}
