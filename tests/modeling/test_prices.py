"""What a trained model promises at the prices of its training, and at any others."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bank_marketing.economics import Economics
from bank_marketing.modeling.choice import ModelSpec, ThresholdPolicy
from bank_marketing.modeling.model import TermDepositModel, train
from bank_marketing.modeling.threshold import PAYING, choose_threshold
from tests.support.campaign import FEATURES
from tests.support.features import PRICES, features_table

DEAR = Economics(20, 40)

prices = st.builds(Economics, st.floats(0.01, 1000), st.floats(0.01, 10_000))


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
