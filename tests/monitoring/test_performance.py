from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bank_marketing.monitoring.config import MonitoringConfig
from bank_marketing.monitoring.performance import PerformanceFinding, assess_performance
from tests.support.campaign import FEATURES
from tests.support.features import PRICES

EVALUATED = {"f1": 0.6, "roc_auc": 0.8, "pr_auc": 0.5, "lift_at_10": 3.0, "brier": 0.1}


def window(*, shift: float = 0.0, ranked: bool = True, rows: int = 400) -> pd.DataFrame:
    """Calibrated predictions of a fifth and of four fifths, whose outcomes agree; `shift` moves the probabilities."""
    generator = np.random.default_rng(5)
    chance = generator.choice([0.2, 0.8], rows)
    y = (generator.random(rows) < chance).astype(int)
    told = (chance if ranked else generator.permutation(chance)) + shift
    return pd.DataFrame(
        {
            "y": y,
            "probability": told,
            "called": told >= 0.5,
            "contacts_5d": 50,
            "conversions_5d": 25,
            "contacts_all": 500,
            "conversions_all": 250,
        }
    )


def assess(rows: pd.DataFrame) -> PerformanceFinding:
    return assess_performance(rows, EVALUATED, FEATURES, 0.9, PRICES, MonitoringConfig())


def test_predictions_that_came_true_are_in_order() -> None:
    finding = assess(window())
    assert finding.enough
    assert finding.reasons == ()


def test_a_ranking_that_got_lost_violates() -> None:
    finding = assess(window(ranked=False))
    assert finding.violates
    assert "below the evaluation's 0.800" in finding.reasons[0]


@pytest.mark.parametrize(("drop", "violates"), [(0.119, False), (0.121, True), (0.2, True)])
def test_ranking_may_fall_by_an_eighth(drop: float, violates: bool) -> None:
    """Twice the sampling error with 20 subscribers: .12."""
    seen = assess(window()).figures["roc_auc"]
    finding = assess_performance(window(), EVALUATED | {"roc_auc": seen + drop}, FEATURES, 0.9, PRICES, MonitoringConfig())
    assert [reason.startswith("ROC AUC") for reason in finding.reasons] == [True] * violates
    assert finding.violates is violates


def test_probabilities_that_are_off_violate() -> None:
    finding = assess(window(shift=0.15))
    assert any("is off the rate of subscription" in reason for reason in finding.reasons)


def test_doing_worse_than_calling_everyone_violates() -> None:
    rows = window()
    finding = assess(rows.assign(called=False))
    assert any("of calling everyone" in reason for reason in finding.reasons)
    assert finding.figures["profit"] == 0


def test_calling_nobody_where_no_call_pays_does_no_harm() -> None:
    rows = window(rows=2000)
    rare = rows[(rows["y"] == 0) | (rows.index < 60)].assign(probability=0.04, called=False)
    assert assess(rare).figures["f1"] < assess(rare).baselines["call everyone"]["f1"] - 0.02
    assert not any("of calling everyone" in reason for reason in assess(rare).reasons)


def test_figures_are_of_the_contacts_with_a_prediction() -> None:
    rows = window(rows=600)
    rows.loc[:299, "probability"] = np.nan
    finding = assess(rows)
    assert (finding.rows, finding.of_rows) == (300, 600)
    assert finding.figures["rows"] == 300


@pytest.mark.parametrize("rows", [window(rows=199), window().assign(y=0), window().assign(probability=np.nan)])
def test_too_few_outcomes_decide_nothing(rows: pd.DataFrame) -> None:
    finding = assess(rows)
    assert not finding.enough
    assert not finding.violates


def test_profit_and_f1_stand_beside_the_rules() -> None:
    finding = assess(window())
    y = window()["y"].to_numpy()
    assert finding.baselines["call everyone"]["profit"] == PRICES.deposit_margin * y.sum() - PRICES.call_cost * len(y)
    assert finding.baselines["trailing rate"] == {"f1": 0.0, "profit": 0.0}  # a rate of .5 is below its threshold of .9
