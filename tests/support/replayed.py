"""A short campaign to replay, made without Spark: a model learns it, and in the middle the clients change."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from bank_marketing.components.evaluate_model import EvaluationConfig
from bank_marketing.components.train_model import TrainingConfig
from bank_marketing.components.transform_data import TransformationConfig
from bank_marketing.modeling.choice import ModelSpec
from bank_marketing.monitoring.config import MonitoringConfig
from bank_marketing.replay.checkpoints import Checkpoints
from bank_marketing.replay.engine import Period, periods, replay
from bank_marketing.replay.platform import ReplayConfig
from tests.support.campaign import CAMPAIGN
from tests.support.features import PRICES, features_table, with_history

FIRST, LAST = date(2009, 2, 2), date(2009, 3, 8)

#: From this day on nobody but students subscribes, and everybody is called by telephone.
CHANGE = "2009-02-11"

CONFIG = ReplayConfig(
    contract=CAMPAIGN.contract,
    features=CAMPAIGN.features,
    economics=PRICES,
    choice=ModelSpec(algorithm="logistic_regression", hyper_parameters={"C": 0.1}),
    transformation=TransformationConfig(holdout_rows=100, holdout_days=4, validation_rows=150, min_train_rows=100),
    training=TrainingConfig(min_positives=10, reference_rows=300),
    evaluation=EvaluationConfig(min_rows=60, resamples=50),
    monitoring=MonitoringConfig(window_days=4, window_rows=80, min_outcomes=10, cool_down_days=9),
)


def campaign(flip_from: str = "9999") -> pd.DataFrame:
    """Seventy days of 25 contacts, in time order; outcomes of `flip_from` and later are turned round."""
    table = features_table(days=70, rows_a_day=25).drop(columns="split")
    table["contact_date"] = table["contact_date"].astype(str)
    changed = table["contact_date"] >= CHANGE
    table.loc[changed, "contact"] = "telephone"
    table.loc[changed, "y"] = (table.loc[changed, "job"] == "student").astype("int32")
    flipped = table["contact_date"] >= flip_from
    table.loc[flipped, "y"] = 1 - table.loc[flipped, "y"]
    return with_history(table)


def plan_of(table: pd.DataFrame) -> dict[str, list[str]]:
    """The weeks of the replay."""
    return periods(table, FIRST, LAST, "week")


def lived(table: pd.DataFrame, folder: Path) -> list[Period]:
    """A whole replay, week by week, with its checkpoints in `folder`."""
    return list(replay(table, CONFIG, plan_of(table), Checkpoints(folder)))
