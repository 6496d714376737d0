"""No outcome of a day moves a prediction of that day or an earlier one, and every month is judged by what was known before it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from bank_marketing.economics import Economics
from bank_marketing.errors import NotEnoughHistory
from bank_marketing.modeling import protocol
from bank_marketing.modeling.choice import Calibration, ModelSpec
from bank_marketing.modeling.metrics import evaluate
from bank_marketing.modeling.spans import Span
from tests.modeling.conftest import SMALL
from tests.support.campaign import FEATURES
from tests.support.features import PRICES, features_table

RIDGE = ModelSpec(algorithm="logistic_regression", hyper_parameters={"C": 0.05}, threshold="half_best_f1", calibration="platt")
SPANS = {"B": Span("2009-03")}
COUNTS = [f"{what}_{window}" for what in ("contacts", "conversions") for window in ("1d", "5d", "20d", "all")]


@pytest.fixture(scope="module")
def campaign() -> pd.DataFrame:
    return protocol.in_time_order(features_table(days=150, rows_a_day=25))


@pytest.fixture(scope="module")
def predictions(campaign: pd.DataFrame) -> pd.DataFrame:
    return protocol.decide(RIDGE, campaign, protocol.out_of_sample(RIDGE, campaign, FEATURES), economics=PRICES)


def with_other_outcomes(campaign: pd.DataFrame, day: str) -> pd.DataFrame:
    """The campaign, had every call of `day` ended the other way: outcomes, and the counts that later days take from them."""
    altered = campaign.copy()
    of_day = altered["contact_date"] == day
    altered.loc[of_day, "y"] = 1 - altered.loc[of_day, "y"]
    by_day = altered.groupby("contact_date")["y"].agg(["size", "sum"])
    for window in (1, 5, 20, 10_000):
        name = "all" if window == 10_000 else f"{window}d"
        earlier = by_day.shift(1).rolling(window, min_periods=1).sum().fillna(0).astype("int64")
        altered[f"conversions_{name}"] = altered["contact_date"].map(earlier["sum"])
    return altered


@pytest.mark.parametrize("refit", ["month", "day"])
def test_a_days_outcomes_move_no_prediction_of_that_day_or_earlier(campaign: pd.DataFrame, refit: protocol.Refit) -> None:
    until = campaign[campaign["contact_date"] <= "2009-04-10"].reset_index(drop=True)
    day = "2009-04-01"
    altered = with_other_outcomes(until, day)
    before, after = (
        protocol.decide(
            RIDGE, rows, protocol.out_of_sample(RIDGE, rows, FEATURES, refit=refit, since="2009-03"), economics=PRICES
        )
        for rows in (until, altered)
    )
    known, later = (until["contact_date"] <= day).to_numpy(), (until["contact_date"] > day).to_numpy()
    for column in ("raw", "probability", "threshold", "called"):
        assert before.loc[known, column].to_numpy().tobytes() == after.loc[known, column].to_numpy().tobytes(), column
    # The test can fail: what comes later does move.
    assert before.loc[later, "raw"].to_numpy().tobytes() != after.loc[later, "raw"].to_numpy().tobytes()


@pytest.mark.parametrize("calibration", ["none", "platt", "isotonic"])
def test_calibration_and_threshold_come_from_earlier_months(campaign: pd.DataFrame, calibration: Calibration) -> None:
    choice = RIDGE.model_copy(update={"calibration": calibration, "threshold": "best_f1"})
    raw = protocol.out_of_sample(choice, campaign, FEATURES)
    flipped = campaign.assign(y=np.where(campaign["month"] >= "2009-04", 1 - campaign["y"], campaign["y"]))
    before, after = (protocol.decide(choice, rows, raw, economics=PRICES) for rows in (campaign, flipped))
    known = campaign["month"] <= "2009-04"
    for column in ("probability", "threshold", "called"):
        assert before.loc[known, column].to_numpy().tobytes() == after.loc[known, column].to_numpy().tobytes()
    assert not before.loc[campaign["month"] == "2009-05", "threshold"].equals(
        after.loc[campaign["month"] == "2009-05", "threshold"]
    )


def test_first_months_have_no_decision(predictions: pd.DataFrame) -> None:
    assert predictions.loc[predictions["month"] == "2009-01", "raw"].isna().all()
    first_predicted = predictions["month"][predictions["raw"].notna()].min()
    assert predictions.loc[predictions["month"] == first_predicted, "threshold"].isna().all()
    assert not predictions["called"][predictions["threshold"].isna()].any()
    assert predictions["threshold"][predictions["month"] > first_predicted].notna().all()


def test_figures_can_be_recomputed_from_the_predictions(predictions: pd.DataFrame) -> None:
    figures = protocol.score(predictions, SPANS, economics=PRICES)["B"].figures
    rows = predictions[(predictions["month"] >= "2009-03") & predictions["threshold"].notna()]
    y, called = rows["y"].to_numpy(), rows["called"].to_numpy()
    assert figures["f1"] == pytest.approx(2 * (y & called).sum() / (y.sum() + called.sum()), abs=1e-6)
    assert figures["brier"] == pytest.approx(((rows["probability"] - y) ** 2).mean(), abs=1e-6)
    assert figures["called"] == called.sum()
    plain = evaluate(y, rows["probability"].to_numpy(), 0.5, PRICES)
    assert figures["profit"] == pytest.approx(PRICES.profit(y, called))
    assert figures["roc_auc"] == pytest.approx(plain.roc_auc, abs=1e-6)
    assert figures["lift_at_10"] == pytest.approx(plain.lift_at_10, abs=1e-6)


def test_intervals_contain_their_figure_and_are_seeded(predictions: pd.DataFrame) -> None:
    once, again = (protocol.score(predictions, SPANS, economics=PRICES, resamples=50, seed=3)["B"] for _ in range(2))
    assert once == again
    for name, (low, high) in once.interval.items():
        assert low <= once.figures[name] <= high, name


def test_months_are_judged_apart(predictions: pd.DataFrame) -> None:
    months = protocol.by_month(predictions, economics=PRICES)
    sizes = predictions[predictions["threshold"].notna()].groupby("month").size()
    assert list(months["month"]) == list(sizes[sizes >= protocol.MONTH_ROWS].index)
    assert len(months) < len(sizes), "a short month has no figures of its own"
    assert (months["rows"] >= protocol.MONTH_ROWS).all()
    assert protocol.by_month(predictions, least_rows=10_000, economics=PRICES).empty


def test_the_protocol_is_deterministic_for_every_algorithm(campaign: pd.DataFrame) -> None:
    some = campaign[campaign["month"] <= "2009-03"].reset_index(drop=True)
    for algorithm, parameters in SMALL.items():
        choice = ModelSpec(algorithm=algorithm, hyper_parameters=parameters)
        once, again = (protocol.out_of_sample(choice, some, FEATURES, since="2009-03") for _ in range(2))
        assert once.tobytes() == again.tobytes(), algorithm


def test_the_order_of_the_rows_does_not_matter(campaign: pd.DataFrame) -> None:
    shuffled = protocol.in_time_order(campaign.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(shuffled, campaign)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (lambda table: table.head(500), "1000 rows, both outcomes and a whole month before the first month that it predicts$"),
        (lambda table: table[table["month"] == "2009-02"], "has 700 rows, from 2009-02-01 to 2009-02-28"),
        (lambda table: table.head(0), "there is no contact in the table"),
        (lambda table: table.assign(y=0), r"all of them ended the same way \(y = 0\)"),
        (lambda table: table.assign(y=1), r"all of them ended the same way \(y = 1\)"),
    ],
    ids=["few rows", "one month", "empty", "nobody", "everybody"],
)
def test_too_short_a_campaign_says_what_is_missing(
    rows: Callable[[pd.DataFrame], pd.DataFrame], told: str, campaign: pd.DataFrame
) -> None:
    table = rows(campaign).reset_index(drop=True)
    for use in (lambda: protocol.out_of_sample(RIDGE, table, FEATURES), lambda: protocol.decided_months(table)):
        with pytest.raises(NotEnoughHistory, match=told):
            use()


def test_months_before_the_other_outcome_was_seen_are_not_predicted(campaign: pd.DataFrame) -> None:
    late = campaign.assign(y=np.where(campaign["month"] <= "2009-03", 0, campaign["y"]))
    predicted = campaign["month"][~np.isnan(protocol.out_of_sample(RIDGE, late, FEATURES))]
    assert predicted.min() == "2009-05", "April is the first month with subscribers: a model of May knows them"
    assert protocol.decided_months(late) == sorted(set(campaign["month"]))[5:]


def test_a_stretch_after_the_end_is_said(campaign: pd.DataFrame) -> None:
    with pytest.raises(NotEnoughHistory, match="none of those is 2031-01 or later"):
        protocol.out_of_sample(RIDGE, campaign, FEATURES, since="2031-01")


def test_decided_months_are_those_with_a_threshold(campaign: pd.DataFrame, predictions: pd.DataFrame) -> None:
    decided = predictions["month"][predictions["threshold"].notna()]
    assert protocol.decided_months(campaign) == list(dict.fromkeys(decided))


def test_the_prices_of_the_day_decide_in_every_month(campaign: pd.DataFrame) -> None:
    choice = RIDGE.model_copy(update={"threshold": "half_best_f1_that_pays"})
    raw = protocol.out_of_sample(choice, campaign, FEATURES)
    dear = Economics(20, 40)
    found = protocol.decide(choice, campaign, raw, economics=dear)
    called = found[found["called"]]
    assert len(called)
    assert (dear.expected_profit(called["probability"].to_numpy()) >= 0).all()
