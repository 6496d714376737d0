"""What the scoring tests share: a small model, a campaign state, prospects. Tests only read them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pandas as pd
import pytest

from bank_marketing.modeling.choice import ModelSpec
from bank_marketing.modeling.model import TermDepositModel, train
from bank_marketing.registry.registry import ModelVersion
from bank_marketing.scoring.scorer import CampaignState, Scorer
from tests.support.campaign import CONTRACT, FEATURES
from tests.support.features import PRICES, features_table

DAY = date(2009, 3, 10)


@pytest.fixture(scope="session")
def table() -> pd.DataFrame:
    return features_table(days=60)


@pytest.fixture(scope="session", params=["logistic_regression", "lightgbm"])
def model(request: pytest.FixtureRequest, table: pd.DataFrame) -> TermDepositModel:
    choice = ModelSpec(
        algorithm=request.param, hyper_parameters={"C": 0.05} if "log" in request.param else {"n_estimators": 20}
    )
    return train(
        choice, table[table["split"] == "train"], table[table["split"] == "validation"], spec=FEATURES, economics=PRICES
    )[0]


@pytest.fixture(scope="session")
def scorer(model: TermDepositModel) -> Scorer:
    version = ModelVersion(1, "run", "models:/m-1", "production", datetime(2009, 3, 1, tzinfo=UTC))
    return Scorer(model, version, PRICES, CONTRACT)


@pytest.fixture(scope="session")
def state() -> CampaignState:
    counts = {"contacts_1d": 30, "conversions_1d": 9, "contacts_5d": 150, "conversions_5d": 40, "contacts_20d": 600}
    counts |= {"contacts_20d_cellular": 400, "conversions_20d_cellular": 120}
    counts |= {"conversions_20d": 160, "contacts_all": 1800, "conversions_all": 420, "list_size": 30}
    return CampaignState(
        as_of=date(2009, 3, 9),
        last_contact_day=date(2009, 3, 6),
        counts=counts,
        features_uri="file:///none",
        features_digest="f",
    )


@pytest.fixture(scope="session")
def prospects(table: pd.DataFrame) -> pd.DataFrame:
    return table[["contact_id", *(column.name for column in CONTRACT.attributes)]].head(400).reset_index(drop=True)
