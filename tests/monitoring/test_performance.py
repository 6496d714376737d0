from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bank_marketing.economics import Economics
from bank_marketing.monitoring.config import MonitoringConfig
from bank_marketing.monitoring.performance import PerformanceFinding, assess_performance, outcome_figures
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


#: Seven contacts: three subscribers, four called, two of these in vain.
SEVEN = pd.DataFrame(
    {
        "y": [1, 1, 0, 0, 1, 0, 0],
        "probability": [0.9, 0.7, 0.7, 0.4, 0.3, 0.2, 0.1],
        "called": [True, True, True, True, False, False, False],
        "contacts_5d": [10, 10, 10, 0, 10, 10, 10],
        "conversions_5d": [6, 5, 4, 0, 5, 0, 5],
        "contacts_all": 100,
        "conversions_all": 60,
    }
)

#: Figures of the seven by hand: of 12 pairs 8.5 are in order; the tie at .7 counts a half.
BY_HAND = {
    "rows": 7, "positives": 3, "roc_auc": (4 + 3.5 + 2) / 12, "pr_auc": (1 + 2 / 3 + 3 / 5) / 3, "lift_at_10": 7 / 3,
    "brier": (0.01 + 0.09 + 0.49 + 0.16 + 0.49 + 0.04 + 0.01) / 7, "f1": 4 / 7, "called": 4, "conversions": 2,
    "profit": 2 * PRICES.deposit_margin - 4 * PRICES.call_cost, "predicted_rate": 3.3 / 7, "rate": 3 / 7, "calibration_gap": 0.3 / 7,
}  # fmt: skip


def of_seven(rows: pd.DataFrame = SEVEN, evaluated: dict[str, float] | None = None, **config: float) -> PerformanceFinding:
    values = {"window_rows": 7, "min_outcomes": 3, **config}
    return assess_performance(rows, evaluated or {}, FEATURES, 0.5, PRICES, MonitoringConfig(**values))  # type: ignore[arg-type]


def test_every_figure_by_hand() -> None:
    found = outcome_figures(SEVEN["y"].to_numpy(), SEVEN["probability"].to_numpy(), SEVEN["called"].to_numpy(), PRICES)
    assert found == pytest.approx(BY_HAND)


def test_the_finding_of_the_seven() -> None:
    finding = of_seven(evaluated={"roc_auc": 0.8, "f1": 0.5, "accuracy": 0.9})
    assert (finding.rows, finding.of_rows, finding.enough, finding.violates) == (7, 7, True, False)
    assert finding.figures == pytest.approx(BY_HAND)
    assert finding.evaluated == {"roc_auc": 0.8, "f1": 0.5}
    everyone = {"f1": 2 * 3 / (7 + 3), "profit": 3 * PRICES.deposit_margin - 7 * PRICES.call_cost}
    # By the last five days 1, 2, 5 and 7 are called, and 4, whose last days had no contacts, by the rate so far.
    trailing = {"f1": 2 * 3 / (5 + 3), "profit": 3 * PRICES.deposit_margin - 5 * PRICES.call_cost}
    assert list(finding.baselines) == ["call everyone", "trailing rate"]
    assert finding.baselines["call everyone"] == pytest.approx(everyone)
    assert finding.baselines["trailing rate"] == pytest.approx(trailing)
    assert finding.to_json() == {
        "rows": 7,
        "of_rows": 7,
        "enough": True,
        "violates": False,
        "figures": finding.figures,
        "evaluated": finding.evaluated,
        "baselines": finding.baselines,
        "reasons": [],
    }


def test_only_contacts_with_a_prediction_are_judged() -> None:
    rows = pd.concat([SEVEN, SEVEN.head(1).assign(probability=None, called=False)], ignore_index=True)
    finding = of_seven(rows)
    assert (finding.rows, finding.of_rows) == (7, 8)
    assert finding.figures == pytest.approx(BY_HAND)
    none = of_seven(SEVEN.assign(probability=np.nan), {"f1": 0.5})
    assert none == PerformanceFinding(0, 7, False, {}, {"f1": 0.5}, {}, ())


@pytest.mark.parametrize(
    ("config", "enough"),
    [({}, True), ({"window_rows": 8}, False), ({"min_outcomes": 4}, False), ({"window_rows": 6, "min_outcomes": 2}, True)],
)
def test_a_window_needs_rows_and_outcomes_of_both_kinds(config: dict[str, float], enough: bool) -> None:
    bad = {"roc_auc": 1.0}
    assert of_seven(evaluated=bad, **config).enough is enough
    assert bool(of_seven(evaluated=bad, **config).reasons) is enough
    turned = SEVEN.assign(y=1 - SEVEN["y"])
    assert of_seven(turned, bad, **config).enough is enough


def test_the_reasons_are_sentences_with_their_numbers() -> None:
    auc = BY_HAND["roc_auc"]
    told = of_seven(evaluated={"roc_auc": 0.95}, max_auc_drop=0.15, max_calibration_gap=0.04, min_f1_margin=0.02)
    assert told.reasons == (
        f"ROC AUC {auc:.3f} is {0.95 - auc:.3f} below the evaluation's 0.950, more than 0.15",
        "the mean probability 0.471 is off the rate of subscription 0.429 by more than 0.04",
        "F1 0.571 is below 0.600 of calling everyone by more than 0.02, and so is the profit",
    )
    assert told.violates
    poor = SEVEN.assign(called=[False, False, True, False, False, False, True])
    assert of_seven(poor, min_f1_margin=0.5).reasons == (
        "F1 0.000 is below 0.600 of calling everyone by more than 0.5, and so is the profit",
    )


def test_a_figure_at_its_bound_is_in_order() -> None:
    drop = 0.95 - BY_HAND["roc_auc"]
    assert of_seven(evaluated={"roc_auc": 0.95}, max_auc_drop=drop).reasons == ()
    gap = of_seven().figures["calibration_gap"]
    assert of_seven(max_calibration_gap=gap).reasons == ()
    assert len(of_seven(max_calibration_gap=gap - 1e-9).reasons) == 1
    below = SEVEN.assign(probability=SEVEN["probability"] - 0.25)
    assert of_seven(below, max_calibration_gap=0.2).reasons[0].startswith("the mean probability 0.221 is off"), "either way"
    poor = SEVEN.assign(called=[False, False, True, False, False, False, True])
    assert of_seven(poor, min_f1_margin=of_seven().baselines["call everyone"]["f1"]).reasons == ()


def test_less_f1_at_no_less_profit_is_no_harm() -> None:
    nobody = SEVEN.assign(called=False)
    even = Economics(call_cost=3, deposit_margin=7)  # calling everyone: 3 * 7 - 7 * 3 is nothing, as calling nobody is
    finding = assess_performance(
        nobody, {}, FEATURES, 0.5, even, MonitoringConfig(window_rows=7, min_outcomes=3, min_f1_margin=0.1)
    )
    assert (finding.figures["profit"], finding.baselines["call everyone"]["profit"]) == (0, 0)
    assert finding.reasons == ()
