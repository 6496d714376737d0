"""Which training rows count, and how much: ages counted by hand."""

from __future__ import annotations

from math import ceil

import numpy as np
import pandas as pd
import pytest

from bank_marketing.modeling.choice import ModelSpec, Window
from bank_marketing.modeling.estimators import make_estimator
from bank_marketing.modeling.model import fit_estimator, recency, train
from bank_marketing.modeling.training_rows import reference_rows
from tests.modeling.conftest import SMALL
from tests.support.campaign import FEATURES
from tests.support.features import PRICES, features_table

RIDGE = ModelSpec(algorithm="logistic_regression", hyper_parameters={"C": 0.05})


def fading(days: float) -> ModelSpec:
    return RIDGE.model_copy(update={"window": Window(half_life_days=days)})


#: Ages of 21, 20, 10, 7, 1 and 0 days; a month's end and a leap day lie between.
DAYS = pd.DataFrame({"contact_date": ["2008-02-18", "2008-02-19", "2008-02-29", "2008-03-03", "2008-03-09", "2008-03-10"]})


def test_a_weight_halves_with_the_half_life_and_not_faster() -> None:
    expected = [0.5 ** (age / 10) for age in (21, 20, 10, 7, 1, 0)]
    assert recency(fading(10), DAYS).tolist() == pytest.approx(expected)
    assert recency(fading(10), DAYS).tolist()[1:3] == pytest.approx([0.25, 0.5])
    assert recency(fading(20), DAYS)[1] == pytest.approx(0.5)


def test_the_last_day_may_be_that_of_more_rows() -> None:
    assert recency(fading(10), DAYS.head(3), last="2008-03-10").tolist() == pytest.approx([0.5**2.1, 0.25, 0.5])


def test_without_a_half_life_all_rows_weigh_the_same() -> None:
    assert recency(RIDGE, DAYS).tolist() == [1.0] * 6


def test_the_estimator_is_fitted_with_these_weights() -> None:
    """Weights of one half for the older of two days are a copy of each newer row: the same penalized optimum."""
    table = features_table(days=2, rows_a_day=31)
    older, newer = table.iloc[:31], table.iloc[31:]
    twice = pd.concat([older, newer, newer], ignore_index=True)
    weighted = fit_estimator(fading(1), table, FEATURES)[1]
    # C scales with the sum of weights: 31 * .5 + 31 against 31 + 62, twice as much.
    halved = RIDGE.model_copy(update={"hyper_parameters": {"C": 0.025}})
    encoder, _ = fit_estimator(RIDGE, table, FEATURES)
    copied = make_estimator(halved).fit(encoder.transform(twice), twice["y"].to_numpy(int))
    np.testing.assert_allclose(weighted.coef_, copied.coef_, atol=2e-3)


@pytest.mark.parametrize("rows", [1, 7, 29, 30])
def test_reference_rows_are_taken_evenly_and_in_time_order(rows: int) -> None:
    table = features_table(days=60)
    parts = {name: table[table["split"] == name] for name in ("train", "validation")}
    choice = ModelSpec(algorithm="logistic_regression", hyper_parameters=SMALL["logistic_regression"])
    model, _ = train(choice, parts["train"], parts["validation"], spec=FEATURES, economics=PRICES)
    known = parts["train"].tail(30)
    kept = reference_rows(model, known, rows)
    places = [list(known["contact_id"]).index(name) for name in kept["contact_id"]]
    assert places == [ceil(30 * (k + 0.5) / rows) - 1 for k in range(rows)]
    assert kept["probability"].tolist() == model.predict_proba(kept).tolist()
