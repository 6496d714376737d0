"""Why a client got a probability: each feature's effect in log-odds against the mean training row, and the strongest in plain words.

A linear model's effects are its terms themselves; those of trees are SHAP values (Lundberg et al. 2020, "From local explanations to
global understanding with explainable AI for trees"). They add up to the model's log-odds before calibration.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from bank_marketing.campaign.wording import describe, group_of
from bank_marketing.modeling.metrics import Floats
from bank_marketing.modeling.model import TermDepositModel, raw_scores

#: Effects below this say nothing worth reading: a twentieth of log-odds moves a probability of .5 by one point.
SMALLEST_EFFECT = 0.05


@dataclass(frozen=True)
class Reason:
    """One reason of one prediction.

    Attributes:
        feature: the source feature, such as `job` or `recent_conversion`.
        value: what this client has, such as `retired` or `62 %`.
        effect: in log-odds against the mean training row; above zero speaks for a subscription.
        text: the reason in plain words.
    """

    feature: str
    value: str
    effect: float
    text: str


def encoded_effects(model: TermDepositModel, table: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    """Effects of the encoded columns (n, columns) in log-odds, and the log-odds they start from.

    Start plus the effects of a row are the log-odds of its uncalibrated probability.
    """
    X = model.encoder.transform(table)
    if hasattr(model.estimator, "coef_"):
        coefficients = model.estimator.coef_[0]
        effects = (X.to_numpy() - model.encoder.center_) * coefficients
        start = float((model.encoder.center_ * coefficients).sum() + model.estimator.intercept_[0])
    else:
        effects, start = _tree_effects(model, X)
    return pd.DataFrame(effects, columns=X.columns, index=table.index), start


def effects(model: TermDepositModel, table: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    """As `encoded_effects`, with the encoded columns of each source feature summed: one column a source."""
    encoded, start = encoded_effects(model, table)
    by_source: dict[str, Floats] = {}
    for name in encoded.columns:
        source = group_of(model.spec, name)
        values = encoded[name].to_numpy()
        by_source[source] = by_source[source] + values if source in by_source else values
    return pd.DataFrame(by_source, index=table.index), start


def reasons(model: TermDepositModel, table: pd.DataFrame, top: int = 4) -> list[list[Reason]]:
    """The strongest reasons of each row.

    Args:
        model: whatever its algorithm.
        table: rows of the features table; `y` is not needed.
        top: at most this many reasons a row.

    Returns:
        One list a row, strongest effect first; effects below SMALLEST_EFFECT are left out. A row gets the same reasons alone and in
        any batch.

    Raises:
        ModelIncompatible: the table lacks a column.
    """
    if table.empty:
        return []
    by_source, _ = effects(model, table)
    values, sources = by_source.to_numpy(), list(by_source.columns)
    order = np.argsort(-np.abs(values), axis=1, kind="stable")[:, :top]
    records = cast("list[dict[str, Any]]", table.to_dict("records"))
    return [
        [_reason(model, sources[k], record, float(row[k])) for k in best if abs(row[k]) >= SMALLEST_EFFECT]
        for record, row, best in zip(records, values, order, strict=True)
    ]


def _reason(model: TermDepositModel, source: str, record: dict[str, Any], effect: float) -> Reason:
    value, text = describe(model.spec, source, record)
    return Reason(source, value, effect, text)


def _tree_effects(model: TermDepositModel, X: pd.DataFrame) -> tuple[Floats, float]:
    import shap

    explainer = shap.TreeExplainer(model.estimator)
    values = np.asarray(explainer.shap_values(X), dtype=float)
    start = float(np.ravel(explainer.expected_value)[-1])
    if values.ndim == 3:  # a forest: one layer a class, in probabilities
        return _as_log_odds(values[:, :, 1], start, raw_scores(model.estimator, X))
    return values, start


def _as_log_odds(values: Floats, start: float, p: Floats) -> tuple[Floats, float]:
    """Stretch each row's effects on a probability so that they add up to its log-odds; their proportions stay."""
    base = _logit(np.array([start]))[0]
    moved = p - start
    slope = np.where(
        np.abs(moved) > 1e-9, (_logit(p) - base) / np.where(np.abs(moved) > 1e-9, moved, 1.0), 1 / (start * (1 - start))
    )
    return values * slope[:, None], float(base)


def _logit(p: Floats) -> Floats:
    clipped = np.clip(p, 1e-9, 1 - 1e-9)
    return np.asarray(np.log(clipped / (1 - clipped)))
