"""A model choice: everything that training needs to know, in one frozen object that `results.json` holds."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Algorithm = Literal["logistic_regression", "random_forest", "xgboost", "lightgbm"]
Sampler = Literal["none", "class_weight", "smote", "tomek", "smote_tomek"]
Calibration = Literal["none", "platt", "isotonic"]
ThresholdPolicy = Literal["best_f1", "half_best_f1", "break_even", "half_best_f1_that_pays"]


class Window(BaseModel):
    """Which training rows count, and how much."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    last_rows: int | None = Field(default=None, gt=0, description="train on this many last rows; all when not set")
    half_life_days: float | None = Field(default=None, gt=0, description="weights halve with this age; equal when not set")


class ModelSpec(BaseModel):
    """One model, completely described."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    algorithm: Algorithm
    hyper_parameters: dict[str, float | int | str | bool | None] = Field(default_factory=dict)
    feature_set: str = Field(default="", description="one of the campaign's; its default set when empty")
    extra_columns: tuple[str, ...] = Field(
        default=(),
        description="numbers beyond the feature set; made for experiments only (modeling/experimental.py), never in production",
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
    spark_workers: int | None = Field(
        default=None,
        gt=0,
        exclude_if=lambda value: value is None,  # what was chosen before there was a choice keeps its digest
        description="train on the Spark cluster, on this many of its task slots at once; in one process when not set",
    )

    @model_validator(mode="after")
    def _can_be_spread(self) -> ModelSpec:
        if self.spark_workers is None:
            return self
        if self.algorithm != "xgboost":
            raise ValueError(f"spark_workers: only xgboost is trained on the Spark cluster, not {self.algorithm}")
        if self.sampler not in ("none", "class_weight"):
            raise ValueError(
                f"spark_workers: the sampler {self.sampler} needs all rows in one place; take none or class_weight"
            )
        if self.window.last_rows is not None:
            raise ValueError("spark_workers: a window of last_rows fits into one process; train it there")
        return self
