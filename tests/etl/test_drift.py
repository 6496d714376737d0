"""Drift: effect sizes that see a shift and are silent about chance."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bank_marketing.components.validate_data import ValidationConfig
from bank_marketing.etl.drift import ColumnDrift, column_drift, ks_distance, psi, recent_window
from bank_marketing.etl.snapshot import CleanDay
from tests.support.campaign import CONTRACT

THRESHOLDS = ValidationConfig().model_dump(include={"ks_threshold", "psi_threshold"})
ROWS = ValidationConfig().drift_rows


def contacts(rows: int, seed: int, **changes: object) -> pd.DataFrame:
    """Attributes drawn from one population: numbers skewed, categories with rare ones."""
    rng = np.random.default_rng(seed)
    table = {}
    for column in CONTRACT.attributes:
        if column.categories:
            shares = 0.6 ** np.arange(len(column.categories))
            table[column.name] = rng.choice(column.categories, rows, p=shares / shares.sum())
        else:
            assert column.min is not None
            table[column.name] = column.min + rng.gamma(2.0, 3.0, rows).astype(int)
    return pd.DataFrame(table).assign(**changes)


def compare(reference: pd.DataFrame, recent: pd.DataFrame) -> dict[str, ColumnDrift]:
    return {entry.column: entry for entry in column_drift(reference, recent, CONTRACT, **THRESHOLDS)}


def days(counts: list[int]) -> list[CleanDay]:
    first = date(2010, 1, 1)
    return [
        CleanDay(
            contact_date=first + timedelta(days=number),
            source_sha256="",
            path="",
            digest="",
            rows_read=rows,
            clean=rows,
            rejected=0,
            duplicates=0,
        )
        for number, rows in enumerate(counts)
    ]


def test_samples_of_one_population_do_not_drift() -> None:
    """No false alarm in 40 windows of the smallest size, 17 columns each."""
    reference = contacts(5000, seed=0)
    alarms = [
        (seed, entry.column)
        for seed in range(1, 41)
        for entry in compare(reference, contacts(ROWS, seed)).values()
        if entry.drifted
    ]
    assert alarms == []


def test_a_shifted_number_drifts_and_only_it() -> None:
    recent = contacts(1000, seed=1)
    recent["age"] += 4  # a deviation of this population
    assert [entry.column for entry in compare(contacts(5000, seed=0), recent).values() if entry.drifted] == ["age"]


def test_a_shifted_category_drifts_and_only_it() -> None:
    recent = contacts(1000, seed=1)
    recent.loc[recent.index[:400], "job"] = "student"
    assert [entry.column for entry in compare(contacts(5000, seed=0), recent).values() if entry.drifted] == ["job"]


def test_a_category_that_is_new_is_a_finite_distance() -> None:
    reference, recent = pd.Series(["no"] * 500), pd.Series(["no"] * 250 + ["yes"] * 250)
    assert 0.25 < psi(reference, recent) < 10


def test_half_a_deviation_is_the_threshold_of_ks() -> None:
    rng = np.random.default_rng(0)
    shifted = ks_distance(pd.Series(rng.normal(0, 1, 100_000)), pd.Series(rng.normal(0.507, 1, 100_000)))
    assert shifted == pytest.approx(THRESHOLDS["ks_threshold"], abs=0.01)


def test_indicators_weigh_nothing_and_what_follows_from_the_date_is_left_out() -> None:
    found = compare(contacts(500, seed=0), contacts(500, seed=1, euribor3m=19.0))
    assert found["euribor3m"].drifted
    assert {name for name, entry in found.items() if entry.weight == "none"} == {
        column.name for column in CONTRACT.columns if column.role == "macro"
    }
    assert not {"month", "day_of_week", "duration", "contact_id"} & set(found)


@given(st.lists(st.integers(0, 3), min_size=2, max_size=60), st.lists(st.integers(0, 3), min_size=2, max_size=60))
def test_distances_are_symmetric_and_zero_for_the_same_sample(one: list[int], other: list[int]) -> None:
    a, b = pd.Series(one), pd.Series(other)
    for distance in (ks_distance, psi):
        assert distance(a, a) == pytest.approx(0)
        assert distance(a, b) == pytest.approx(distance(b, a))
    assert 0 <= ks_distance(a, b) <= 1


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=60), st.lists(st.floats(-5, 5), min_size=1, max_size=60))
def test_the_distance_is_that_of_all_rows(one: list[float], other: list[float]) -> None:
    wanted = stats.ks_2samp(one, other, method="asymp").statistic
    assert ks_distance(pd.Series(one), pd.Series(other)) == wanted


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=60), st.lists(st.sampled_from("bcd"), min_size=1, max_size=60))
def test_categories_that_no_row_has_do_not_count(one: list[str], other: list[str]) -> None:
    kind = pd.CategoricalDtype(list("abcdef"))
    assert psi(pd.Series(one, dtype=kind), pd.Series(other, dtype=kind)) == psi(pd.Series(one), pd.Series(other))


def test_rows_without_a_value_are_left_out_of_a_distance() -> None:
    numbers = pd.Series([1.0, 2.0, 3.0])
    assert ks_distance(numbers, pd.Series([1.0, np.nan, 2.0, 3.0])) == 0
    assert ks_distance(numbers, pd.Series([np.nan, np.nan])) == 1


def test_recent_are_the_last_days() -> None:
    older, recent = recent_window(days([50] * 30), min_days=20, min_rows=200)
    assert (len(older), len(recent)) == (10, 20)


def test_short_days_make_the_recent_window_longer() -> None:
    older, recent = recent_window(days([100] * 10 + [5] * 30), min_days=20, min_rows=200)
    assert (len(older), len(recent)) == (9, 31)
    assert sum(day.clean for day in recent) == 250


def test_little_history_is_all_recent() -> None:
    assert [len(part) for part in recent_window(days([5] * 3), min_days=20, min_rows=200)] == [0, 3]
