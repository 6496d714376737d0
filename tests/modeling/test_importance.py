"""Global explanations: they agree with the effects of single predictions, and name the signal that the data were made with."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bank_marketing.modeling import protocol
from bank_marketing.modeling.choice import ModelSpec
from bank_marketing.modeling.explanations import effects
from bank_marketing.modeling.importance import mean_effects, permutation_by_month
from bank_marketing.modeling.model import TermDepositModel
from tests.support.campaign import FEATURES
from tests.support.features import features_table

RIDGE = ModelSpec(algorithm="logistic_regression", hyper_parameters={"C": 0.05})


@pytest.fixture(scope="module")
def lost() -> pd.DataFrame:
    table = protocol.in_time_order(features_table(days=110, rows_a_day=25))
    return permutation_by_month(RIDGE, table, FEATURES, since="2009-03", repeats=3)


def test_mean_effects_are_those_of_the_single_predictions(model: TermDepositModel, table: pd.DataFrame) -> None:
    rows = table.tail(80)
    found, single = mean_effects(model, rows).set_index("feature"), effects(model, rows)[0]
    assert set(found.index) == set(single.columns)
    assert list(found["mean_size"]) == sorted(found["mean_size"], reverse=True)
    for name in single.columns:
        assert found.loc[name, "mean_size"] == pytest.approx(float(np.abs(single[name]).mean()))
        assert found.loc[name, "low"] <= single[name].median() <= found.loc[name, "high"]


def test_the_signal_comes_first_in_both(model: TermDepositModel, table: pd.DataFrame, lost: pd.DataFrame) -> None:
    sizes = mean_effects(model, table.tail(300)).set_index("feature")["mean_size"]
    assert sizes.idxmax() == "contact"
    assert sizes["job"] > sizes["marital"]  # one job of twelve carries the signal: its mean is small
    assert set(lost.columns[:2]) == {"contact", "job"}
    assert (lost["contact"] > 0.1).all()
    assert lost["job"].mean() > 3 * lost["marital"].mean()


def test_what_never_varies_loses_nothing_when_shuffled(lost: pd.DataFrame) -> None:
    assert (lost[["list_size", "euribor3m"]] == 0).all(axis=None)


def test_only_whole_months_are_judged_and_the_same_seed_shuffles_alike(lost: pd.DataFrame) -> None:
    assert list(lost.index) == ["2009-03", "2009-04"]
    table = protocol.in_time_order(features_table(days=110, rows_a_day=25))
    pd.testing.assert_frame_equal(lost, permutation_by_month(RIDGE, table, FEATURES, since="2009-03", repeats=3))
