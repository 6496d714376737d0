"""No outcome of a day moves a prediction of that day or an earlier one, and every month is judged by what was known before it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bank_marketing.errors import NotEnoughHistory
from bank_marketing.modeling import protocol
from bank_marketing.modeling.choice import Calibration, ModelChoice
from bank_marketing.modeling.metrics import evaluate
from tests.modeling.conftest import SMALL
from tests.support.features import features_table

RIDGE = ModelChoice(
    algorithm="logistic_regression", hyper_parameters={"C": 0.05}, threshold="half_best_f1", calibration="platt"
)
COUNTS = [f"{what}_{window}" for what in ("contacts", "conversions") for window in ("1d", "5d", "20d", "all")]


@pytest.fixture(scope="module")
def campaign() -> pd.DataFrame:
    return protocol.in_time_order(features_table(days=150, rows_a_day=25))


@pytest.fixture(scope="module")
def predictions(campaign: pd.DataFrame) -> pd.DataFrame:
    return protocol.decide(RIDGE, campaign, protocol.out_of_sample(RIDGE, campaign))


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
        protocol.decide(RIDGE, rows, protocol.out_of_sample(RIDGE, rows, refit=refit, since="2009-03"))
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
    raw = protocol.out_of_sample(choice, campaign)
    flipped = campaign.assign(y=np.where(campaign["month"] >= "2009-04", 1 - campaign["y"], campaign["y"]))
    before, after = protocol.decide(choice, campaign, raw), protocol.decide(choice, flipped, raw)
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
    figures = protocol.score(predictions, ("B",))["B"].figures
    rows = predictions[(predictions["month"] >= "2009-03") & predictions["threshold"].notna()]
    y, called = rows["y"].to_numpy(), rows["called"].to_numpy()
    assert figures["f1"] == pytest.approx(2 * (y & called).sum() / (y.sum() + called.sum()), abs=1e-6)
    assert figures["brier"] == pytest.approx(((rows["probability"] - y) ** 2).mean(), abs=1e-6)
    assert figures["called"] == called.sum()
    plain = evaluate(y, rows["probability"].to_numpy(), 0.5)
    assert figures["roc_auc"] == pytest.approx(plain.roc_auc, abs=1e-6)
    assert figures["lift_at_10"] == pytest.approx(plain.lift_at_10, abs=1e-6)


def test_intervals_contain_their_figure_and_are_seeded(predictions: pd.DataFrame) -> None:
    once, again = (protocol.score(predictions, ("B",), resamples=50, seed=3)["B"] for _ in range(2))
    assert once == again
    for name, (low, high) in once.interval.items():
        assert low <= once.figures[name] <= high, name


def test_months_are_judged_apart(predictions: pd.DataFrame) -> None:
    months = protocol.by_month(predictions)
    sizes = predictions[predictions["threshold"].notna()].groupby("month").size()
    assert list(months["month"]) == list(sizes[sizes >= protocol.MONTH_ROWS].index)
    assert len(months) < len(sizes), "a short month has no figures of its own"
    assert (months["rows"] >= protocol.MONTH_ROWS).all()
    assert protocol.by_month(predictions, least_rows=10_000).empty


def test_the_protocol_is_deterministic_for_every_algorithm(campaign: pd.DataFrame) -> None:
    some = campaign[campaign["month"] <= "2009-03"].reset_index(drop=True)
    for algorithm, parameters in SMALL.items():
        choice = ModelChoice(algorithm=algorithm, hyper_parameters=parameters)
        once, again = (protocol.out_of_sample(choice, some, since="2009-03") for _ in range(2))
        assert once.tobytes() == again.tobytes(), algorithm


def test_the_order_of_the_rows_does_not_matter(campaign: pd.DataFrame) -> None:
    shuffled = protocol.in_time_order(campaign.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(shuffled, campaign)


def test_too_short_a_campaign_says_what_is_missing(campaign: pd.DataFrame) -> None:
    with pytest.raises(NotEnoughHistory, match="1000 rows and a whole month"):
        protocol.out_of_sample(RIDGE, campaign.head(500))
