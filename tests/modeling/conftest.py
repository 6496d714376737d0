"""Models of each algorithm, trained once on a small table with a known signal. Tests only read them."""

from __future__ import annotations

import pandas as pd
import pytest

from bank_marketing.modeling.choice import Algorithm, ModelSpec
from bank_marketing.modeling.model import TermDepositModel, train
from tests.support.campaign import FEATURES
from tests.support.features import PRICES, features_table

SMALL: dict[Algorithm, dict[str, float | int | str | bool | None]] = {
    "logistic_regression": {"C": 0.05},
    "random_forest": {"n_estimators": 20, "max_features": 0.8},
    "xgboost": {"n_estimators": 20},
    "lightgbm": {"n_estimators": 20},
}


@pytest.fixture(scope="session")
def table() -> pd.DataFrame:
    return features_table(days=60)


@pytest.fixture(scope="session", params=list(SMALL))
def model(request: pytest.FixtureRequest, table: pd.DataFrame) -> TermDepositModel:
    choice = ModelSpec(algorithm=request.param, hyper_parameters=SMALL[request.param])
    return train(
        choice, table[table["split"] == "train"], table[table["split"] == "validation"], spec=FEATURES, economics=PRICES
    )[0]
