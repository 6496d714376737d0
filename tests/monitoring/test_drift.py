from __future__ import annotations

import math

import pandas as pd
import pytest

from bank_marketing.etl.drift import ColumnDrift
from bank_marketing.monitoring.config import MonitoringConfig
from bank_marketing.monitoring.drift import LABEL_RATE, PREDICTED_RATE, PREDICTION, DriftFinding, assess_drift, cohen_h
from tests.support.campaign import CONTRACT
from tests.support.features import features_table


def scored(seed: int, days: int = 10, **changes: object) -> pd.DataFrame:
    table = features_table(days=days, rows_a_day=30, seed=seed)
    return table.assign(probability=0.3 + 0.1 * (table["job"] == "retired"), **changes)


def found(recent: pd.DataFrame, config: MonitoringConfig | None = None) -> DriftFinding:
    return assess_drift(scored(1, days=60), recent, CONTRACT, config or MonitoringConfig())


def test_a_window_of_the_same_period_does_not_violate() -> None:
    for seed in range(2, 12):
        finding = found(scored(seed))
        assert finding.enough
        assert not finding.violates, finding.reasons


def test_a_category_that_shifts_violates_and_is_named() -> None:
    finding = found(scored(2, contact="telephone"))
    assert finding.violates
    assert "contact has drifted: PSI" in finding.reasons[0]


def test_a_number_that_shifts_violates() -> None:
    finding = found(scored(2, age=80))
    assert [entry.column for entry in finding.drifted] == ["age"]
    assert finding.drifted[0].method == "ks"


def test_macro_columns_are_reported_and_never_decide() -> None:
    finding = found(scored(2, euribor3m=0.7, nr_employed=4900.0))
    moved = {entry.column: entry for entry in finding.columns if entry.drifted}
    assert set(moved) == {"euribor3m", "nr_employed"}
    assert not finding.violates


def test_the_rate_of_subscription_decides() -> None:
    recent = scored(2)
    recent["y"] = 1
    assert [entry.column for entry in found(recent).drifted] == [LABEL_RATE]


def test_the_mean_prediction_decides_and_its_distribution_is_reported() -> None:
    finding = found(scored(2).assign(probability=0.9))
    weights = {entry.column: entry.weight for entry in finding.columns if entry.drifted}
    assert weights == {PREDICTION: "none", PREDICTED_RATE: "decides"}


def with_rate(rows: pd.DataFrame, column: str, percent: int) -> pd.DataFrame:
    """Rows whose outcome, or probability, has this mean."""
    if column == "probability":
        return rows.assign(probability=percent / 100)
    return rows.assign(y=[int(place % 100 < percent) for place in range(len(rows))])


@pytest.mark.parametrize("column", ["y", "probability"])
@pytest.mark.parametrize(("percent", "violates"), [(20, False), (22, True), (25, True)])
def test_a_rate_has_drifted_from_an_h_of_three_tenths_on(column: str, percent: int, violates: bool) -> None:
    """From 10 %: to 20 % Cohen's h is .284, to 22 % .333, to 25 % .404; by his table .2 is small and .5 medium."""
    reference, recent = scored(1, days=60), scored(2)
    steady = {"y": "probability", "probability": "y"}[column]
    reference, recent = (with_rate(rows, steady, 10) for rows in (reference, recent))
    told = assess_drift(with_rate(reference, column, 10), with_rate(recent, column, percent), CONTRACT, MonitoringConfig())
    assert [entry.column for entry in told.drifted] == [LABEL_RATE if column == "y" else PREDICTED_RATE] * violates


@pytest.mark.parametrize("rows", [0, 199])
def test_too_few_contacts_decide_nothing(rows: int) -> None:
    finding = found(scored(2, contact="telephone").head(rows))
    assert not finding.enough
    assert not finding.violates


def test_the_distance_of_rates_is_cohens() -> None:
    # Cohen 1988, table 6.2.2: phi of .50 is 1.571, of .05 is .451.
    assert cohen_h(0.5, 0.05) == pytest.approx(1.571 - 0.451, abs=0.001)


def seven(probability: list[float], y: list[int], age: list[int]) -> pd.DataFrame:
    """Seven contacts that differ in three columns alone."""
    rows = features_table(days=1, rows_a_day=7)
    same = {name: rows[name].iloc[0] for name in rows.columns}
    return rows.assign(**same).assign(probability=probability, y=y, age=age)


def test_seven_contacts_by_hand() -> None:
    reference = seven([0.1] * 4 + [0.5] * 3, [1, 0, 0, 0, 0, 0, 0], [30, 30, 30, 30, 40, 40, 50])
    recent = seven([0.1] * 3 + [0.9] * 4, [1, 1, 0, 0, 0, 0, 0], [30, 30, 40, 50, 50, 50, 50])
    config = MonitoringConfig(window_rows=7, ks_threshold=3 / 7 - 1e-6, rate_threshold=0.4)
    finding = assess_drift(reference, recent, CONTRACT, config)
    assert (finding.rows, finding.reference_rows, finding.enough, finding.violates) == (7, 7, True, True)
    told = {entry.column: entry for entry in finding.columns}
    assert told["age"].statistic == pytest.approx(3 / 7, abs=1e-6)
    assert told["age"].drifted
    assert told[PREDICTION] == ColumnDrift(PREDICTION, "ks", round(4 / 7, 6), config.ks_threshold, True, "none")
    rates = [(PREDICTED_RATE, 1.9 / 7, 3.9 / 7), (LABEL_RATE, 1 / 7, 2 / 7)]
    for name, before, now in rates:
        h = round(abs(2 * math.asin(math.sqrt(before)) - 2 * math.asin(math.sqrt(now))), 6)
        assert told[name] == ColumnDrift(name, "cohen_h", h, 0.4, h > 0.4, "decides")
    assert not told[LABEL_RATE].drifted
    assert [entry.column for entry in finding.columns][-3:] == [PREDICTION, PREDICTED_RATE, LABEL_RATE]
    assert finding.reasons == (
        "predicted rate has drifted: Cohen's h 0.59, more than 0.4",
        "age has drifted: KS distance 0.43, more than 0.42857",
    )
    assert finding.to_json() == {
        "rows": 7,
        "reference_rows": 7,
        "enough": True,
        "violates": True,
        "columns": [entry.to_json() for entry in finding.columns],
    }


@pytest.mark.parametrize(("of_reference", "of_recent", "enough"), [(7, 7, True), (6, 7, False), (7, 6, False)])
def test_both_samples_need_their_rows(of_reference: int, of_recent: int, enough: bool) -> None:
    rows = seven([0.1] * 7, [1, 0, 0, 0, 0, 0, 0], [30] * 7)
    finding = assess_drift(rows.head(of_reference), rows.head(of_recent), CONTRACT, MonitoringConfig(window_rows=7))
    assert (finding.rows, finding.reference_rows, finding.enough) == (of_recent, of_reference, enough)


def test_without_any_row_there_is_no_distance() -> None:
    rows = seven([0.1] * 7, [1, 0, 0, 0, 0, 0, 0], [30] * 7)
    for reference, recent in ((rows, rows.head(0)), (rows.head(0), rows)):
        finding = assess_drift(reference, recent, CONTRACT, MonitoringConfig(window_rows=1))
        assert finding == DriftFinding(len(recent), len(reference), False, ())


def test_a_distance_at_its_threshold_has_not_drifted() -> None:
    reference = seven([0.25] * 7, [1, 0, 0, 0, 0, 0, 0], [30] * 7)
    recent = seven([0.5] * 2 + [0.25] * 5, [1, 1, 0, 0, 0, 0, 0], [30] * 7)
    distance = round(cohen_h(1 / 7, 2 / 7), 6)
    config = MonitoringConfig(window_rows=7, ks_threshold=round(2 / 7, 6), rate_threshold=distance)
    told = {entry.column: entry for entry in assess_drift(reference, recent, CONTRACT, config).columns}
    assert (told[LABEL_RATE].statistic, told[LABEL_RATE].drifted) == (distance, False)
    assert (told[PREDICTION].statistic, told[PREDICTION].drifted) == (config.ks_threshold, False)
