"""Who is called: the policies worked out by hand, and a promise that holds at any prices."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from bank_marketing.economics import Economics
from bank_marketing.modeling.choice import ModelSpec, ThresholdPolicy
from bank_marketing.modeling.model import TermDepositModel, train
from bank_marketing.modeling.threshold import GRID, PAYING, choose_threshold, f1_curve
from tests.support.campaign import FEATURES
from tests.support.features import PRICES, features_table

Y = np.array([1, 1, 0, 0, 0, 0, 0, 0, 0, 0])
P = np.array([0.9, 0.3, 0.8, 0.2, 0.2, 0.1, 0.1, 0.1, 0.05, 0.01])

#: Calling the three best finds both subscribers: F1 is 2 * 2 / (3 + 2), from a threshold just above .2.
BEST_F1, LOWEST_BEST = 0.8, 0.21

CHEAP, DEAR = Economics(1, 10), Economics(20, 40)

prices = st.builds(Economics, st.floats(0.01, 1000), st.floats(0.01, 10_000))


@pytest.mark.parametrize(
    ("policy", "economics", "expected"),
    [
        ("best_f1", CHEAP, LOWEST_BEST),
        ("best_f1", DEAR, LOWEST_BEST),
        ("half_best_f1", CHEAP, BEST_F1 / 2),
        ("half_best_f1", DEAR, BEST_F1 / 2),
        ("break_even", CHEAP, 0.1),
        ("break_even", DEAR, 0.5),
        ("half_best_f1_that_pays", CHEAP, BEST_F1 / 2),  # higher than .1, from which a call pays
        ("half_best_f1_that_pays", DEAR, 0.5),  # a call pays from here on only
        ("half_best_f1_that_pays", Economics(3, 2), 1.5),  # no call pays
    ],
)
def test_policies_by_hand(policy: ThresholdPolicy, economics: Economics, expected: float) -> None:
    assert choose_threshold(policy, Y, P, economics=economics) == pytest.approx(expected)


def test_of_equal_f1_scores_the_lowest_threshold_is_taken() -> None:
    y, p = np.array([1, 0, 0]), np.array([0.5, 0.25, 0.25])
    assert choose_threshold("best_f1", y, p, economics=PRICES) == 0.26  # the best up to .5


def test_a_learned_threshold_stays_on_the_grid() -> None:
    nobody, everybody = np.zeros(7, int), np.ones(7, int)
    assert choose_threshold("half_best_f1", nobody, np.full(7, 0.5), economics=PRICES) == GRID[0] == 0.02
    assert choose_threshold("half_best_f1", everybody, np.full(7, 0.99), economics=PRICES) == 0.5


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=2, max_size=40))
def test_the_f1_curve_is_scikit_learns(rows: list[tuple[bool, float]]) -> None:
    y, p = np.array([int(label) for label, _ in rows]), np.array([value for _, value in rows])
    expected = [f1_score(y, p >= threshold, zero_division=0) for threshold in GRID]
    np.testing.assert_allclose(f1_curve(y, p), expected, atol=1e-12)


@given(prices)
@example(Economics(20, 40))
@example(Economics(0.1, 0.3))
def test_a_call_pays_from_the_break_even_on_and_not_below(economics: Economics) -> None:
    edge = economics.break_even
    around = economics.expected_profit(np.array([np.nextafter(edge, 0), edge, np.nextafter(edge, np.inf)]))
    assert around[1] >= 0
    assert around[2] >= 0
    assert around[0] <= 1e-12 * economics.call_cost
    assert edge == pytest.approx(economics.call_cost / economics.deposit_margin)


@pytest.fixture(scope="module", params=get_args(ThresholdPolicy))
def model(request: pytest.FixtureRequest) -> TermDepositModel:
    table = features_table(days=60)
    choice = ModelSpec(algorithm="logistic_regression", hyper_parameters={"C": 0.05}, threshold=request.param)
    return train(
        choice, table[table["split"] == "train"], table[table["split"] == "validation"], spec=FEATURES, economics=DEAR
    )[0]


@pytest.fixture(scope="module")
def p(model: TermDepositModel) -> np.ndarray:
    return model.predict_proba(features_table(days=60).tail(400))


def called_at_a_loss(model: TermDepositModel, p: np.ndarray, economics: Economics) -> int:
    return int((economics.expected_profit(p)[model.decide(p, economics)] < 0).sum())


def test_a_model_trained_at_20_and_40_calls_nobody_at_a_loss_where_its_policy_promises_it(
    model: TermDepositModel, p: np.ndarray
) -> None:
    assert model.economics == DEAR
    losses = called_at_a_loss(model, p, DEAR)
    if model.choice.threshold in PAYING:
        assert losses == 0
        assert model.decide(p, DEAR).any(), "somebody is called"
    else:
        assert losses > 0, "the others promise nothing: at these prices F1 calls at a loss"


@settings(max_examples=60, deadline=None)
@given(economics=prices, more=st.lists(st.floats(0, 1), max_size=20))
def test_prices_that_change_after_the_training_break_no_promise(
    model: TermDepositModel, p: np.ndarray, economics: Economics, more: list[float]
) -> None:
    everyone = np.concatenate([p, more, np.clip([economics.break_even], 0, 1)])
    if model.choice.threshold in PAYING:
        assert called_at_a_loss(model, everyone, economics) == 0
        assert model.threshold_at(economics) >= economics.break_even
    else:
        assert model.threshold_at(economics) == model.threshold


def test_other_prices_than_those_of_the_training_are_said(model: TermDepositModel) -> None:
    assert model.other_prices(DEAR) == ""
    said = model.other_prices(Economics(30, 40))
    assert said.startswith(
        "The model was trained at 20 a call and 40 a success; at today's 30 and 40 ".replace(
            "30 and 40", "30 a call and 40 a success"
        )
    )
    moved = (
        "calls from 0.75 instead of"
        if model.choice.threshold in PAYING
        else f"follows no prices and calls from {model.threshold:.2f}"
    )
    assert moved in said
    cheaper = Economics(0.01, 40)
    if model.choice.threshold == "half_best_f1_that_pays":
        assert model.threshold_at(cheaper) == model.learned_threshold
    if model.choice.threshold == "break_even":
        assert "calls from 0.50 as before, from where no call loses money on average" in model.other_prices(Economics(10, 20))


def test_training_learns_the_threshold_from_the_validation_days_alone(model: TermDepositModel) -> None:
    table: pd.DataFrame = features_table(days=60)
    parts = {name: table[table["split"] == name] for name in ("train", "validation")}
    again, probabilities = train(model.choice, parts["train"], parts["validation"], spec=FEATURES, economics=PRICES)
    y = parts["validation"]["y"].to_numpy(int)
    assert again.threshold == choose_threshold(model.choice.threshold, y, probabilities, economics=PRICES)
    assert again.learned_threshold == model.learned_threshold, "prices change nothing that is learned"
