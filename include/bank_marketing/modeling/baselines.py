"""What any model must beat: calling everyone, and the rule of thumb that follows the last days' success rate."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bank_marketing.campaign.features import FeatureSpec
from bank_marketing.modeling.choice import Algorithm, ModelSpec
from bank_marketing.modeling.threshold import best_f1_threshold

CALL_EVERYONE = "call everyone"
TRAILING_RATE = "trailing rate"


def raw_models(spec: FeatureSpec) -> dict[str, ModelSpec]:
    """Models without the campaign's own history, on its raw columns."""
    names: dict[str, Algorithm] = {
        "logistic regression, raw columns": "logistic_regression",
        "LightGBM, raw columns": "lightgbm",
    }
    return {name: ModelSpec(algorithm=algorithm, feature_set=spec.baseline_set) for name, algorithm in names.items()}


def trailing_rate(table: pd.DataFrame, spec: FeatureSpec) -> NDArray[np.float64]:
    """Share of subscriptions over the campaign's `baseline_window` before each row's day; that so far when it has no contacts."""
    window = f"{spec.baseline_window}d"
    made = table[f"contacts_{window}"].to_numpy(float)
    so_far = table["conversions_all"].to_numpy(float) / np.maximum(table["contacts_all"].to_numpy(float), 1)
    return np.asarray(
        np.where(made > 0, table[f"conversions_{window}"].to_numpy(float) / np.maximum(made, 1), so_far), dtype=float
    )


def trailing_rate_threshold(validation: pd.DataFrame, spec: FeatureSpec) -> float:
    """The rule's threshold, chosen for F1 on the validation days as a model's is."""
    return best_f1_threshold(validation["y"].to_numpy(int), trailing_rate(validation, spec))


def overall_rate(table: pd.DataFrame) -> NDArray[np.float64]:
    """Share of subscriptions over all contact days before each row's day; zero on the first day."""
    contacts = table["contacts_all"].to_numpy(float)
    return np.where(contacts > 0, table["conversions_all"].to_numpy(float) / np.maximum(contacts, 1), 0.0)
