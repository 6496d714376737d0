"""A model choice: everything that training needs to know, in one frozen object that `results.json` holds."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Algorithm = Literal["logistic_regression", "random_forest", "xgboost", "lightgbm"]
Sampler = Literal["none", "class_weight", "smote", "tomek", "smote_tomek"]
FeatureSet = Literal["raw", "raw_macro", "trailing", "trailing_market", "trailing_channel", "trailing_extended"]
Calibration = Literal["none", "platt", "isotonic"]
ThresholdPolicy = Literal["best_f1", "half_best_f1", "break_even", "half_best_f1_that_pays"]


class Window(BaseModel):
    """Which training rows count, and how much."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    last_rows: int | None = Field(default=None, gt=0, description="train on this many last rows; all when not set")
    half_life_days: float | None = Field(default=None, gt=0, description="weights halve with this age; equal when not set")


class ModelChoice(BaseModel):
    """One model, completely described."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    algorithm: Algorithm
    hyper_parameters: dict[str, float | int | str | bool | None] = Field(default_factory=dict)
    feature_set: FeatureSet = "trailing_market"
    extra_columns: tuple[str, ...] = Field(
        default=(),
        description="numbers beyond the feature set; made for experiments only (modeling/tried.py), never in production",
    )
    prior_rows: float = Field(default=5.0, gt=0, description="strength of the prior of the trailing rates, in contacts")
    category_weight: float = Field(
        default=1.0,
        gt=0,
        description="value of a category's flag; above 1 a penalty holds flags back less, beside standardized numbers",
    )
    sampler: Sampler = "none"
    window: Window = Window()
    calibration: Calibration = "none"
    threshold: ThresholdPolicy = "best_f1"
    seed: int = 7
