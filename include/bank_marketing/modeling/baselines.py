"""What any model must beat: calling everyone, and the rule of thumb that follows the last days' success rate."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bank_marketing.modeling.choice import ModelChoice
from bank_marketing.modeling.threshold import best_f1_threshold

CALL_EVERYONE = "call everyone"
TRAILING_RATE = "trailing rate"

#: Models without the campaign's own history, on the raw columns.
RAW_MODELS = {
    "logistic regression, raw columns": ModelChoice(algorithm="logistic_regression", feature_set="raw_macro"),
    "LightGBM, raw columns": ModelChoice(algorithm="lightgbm", feature_set="raw_macro"),
}


def trailing_rate(table: pd.DataFrame) -> NDArray[np.float64]:
    """Share of subscriptions over the last five contact days before each row's day; the campaign's so far when there are none."""
    made = table["contacts_5d"].to_numpy(float)
    so_far = table["conversions_all"].to_numpy(float) / np.maximum(table["contacts_all"].to_numpy(float), 1)
    return np.asarray(np.where(made > 0, table["conversions_5d"].to_numpy(float) / np.maximum(made, 1), so_far), dtype=float)


def trailing_rate_threshold(validation: pd.DataFrame) -> float:
    """The rule's threshold, chosen for F1 on the validation days as a model's is."""
    return best_f1_threshold(validation["y"].to_numpy(int), trailing_rate(validation))


def overall_rate(table: pd.DataFrame) -> NDArray[np.float64]:
    """Share of subscriptions over all contact days before each row's day; zero on the first day."""
    contacts = table["contacts_all"].to_numpy(float)
    return np.where(contacts > 0, table["conversions_all"].to_numpy(float) / np.maximum(contacts, 1), 0.0)
