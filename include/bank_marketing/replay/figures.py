"""Figures of every policy, by period and pooled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from bank_marketing.economics import Economics
from bank_marketing.modeling.metrics import Floats, Labels, roc_auc
from bank_marketing.modeling.threshold import best_f1_threshold
from bank_marketing.monitoring.performance import outcome_figures

#: Rows below which a month's ROC AUC is luck; the mean over months leaves it out.
MONTH_ROWS = 100

#: Subscribers, and others, below which a period has no ROC AUC that is worth showing.
LEAST_OF_A_CLASS = 10

FIGURES = ("roc_auc", "pr_auc", "f1", "lift_at_10", "brier", "called", "conversions", "profit")
RANKING = ("roc_auc", "roc_auc_within", "pr_auc", "lift_at_10", "brier")


@dataclass(frozen=True)
class Policy:
    """One way to choose whom to call. `scores`: the columns of the predictions it uses; empty when it does not rank."""

    key: str
    title: str
    short: str
    scores: str


POLICIES = (
    Policy("platform", "The platform", "platform", "platform"),
    Policy("first", "First model, never retrained", "never retrained", "first"),
    Policy("refitted", "Retrained every period, no gate", "always retrained", "refitted"),
    Policy("trailing", "Trailing-rate rule", "trailing rate", "trailing"),
    Policy("everyone", "Calling everyone", "call everyone", ""),
    Policy("hindsight", "Best threshold in hindsight", "best in hindsight", "platform"),
)


def called_by(policy: Policy, predictions: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Who a policy calls (n,). Hindsight: the one threshold with the best F1 on just these rows, on the platform's probabilities."""
    if policy.key == "everyone":
        return np.ones(len(predictions), dtype=bool)
    p = predictions[f"p_{policy.scores}"].to_numpy(float)
    if policy.key == "hindsight":
        return np.asarray(p >= best_f1_threshold(predictions["y"].to_numpy(int), p))
    return np.asarray(p >= predictions[f"t_{policy.scores}"].to_numpy(float))


def figures(predictions: pd.DataFrame, economics: Economics, changed: date | None = None) -> pd.DataFrame:
    """One row a span and policy: span, kind (`pooled`, `period`), policy, rows, positives, FIGURES, roc_auc_within.

    Args:
        predictions: of all periods, with the column `period`.
        economics: prices the decisions.
        changed: last known change of the campaign's past; the days from then on are pooled too.
    """
    spans: list[tuple[str, str, np.ndarray[Any, Any]]] = [("whole replay", "pooled", np.ones(len(predictions), dtype=bool))]
    later = (predictions["contact_date"] >= str(changed or "")).to_numpy()
    if changed and later.any() and not later.all():
        begins = str(changed).removesuffix("-01")  # a month, where a whole one begins
        spans.append((f"from {begins} on", "pooled", later))
    spans += [(str(name), "period", (predictions["period"] == name).to_numpy()) for name in predictions["period"].unique()]
    y, month = predictions["y"].to_numpy(int), predictions["contact_date"].str[:7].to_numpy()
    rows = []
    for policy in POLICIES:
        p = predictions[f"p_{policy.scores}"].to_numpy(float) if policy.scores else np.full(len(y), float(y.mean()))
        for name, kind, part in spans:
            called = called_by(policy, predictions[part])
            found = outcome_figures(y[part], p[part], called, economics)
            found["roc_auc_within"] = _within(y[part], p[part], month[part])
            if not policy.scores:
                found |= dict.fromkeys(RANKING, float("nan"))
            kept = {key: found[key] for key in ("rows", "positives", *FIGURES, "roc_auc_within")}
            rows.append({"span": name, "kind": kind, "policy": policy.key} | kept)
    return pd.DataFrame(rows)


def _within(y: Labels, p: Floats, month: np.ndarray[Any, Any]) -> float:
    """Mean ROC AUC of the months with enough rows of both classes: whom to call, without knowing the market's level."""
    found = []
    for name in np.unique(month):
        part = month == name
        if part.sum() >= MONTH_ROWS and 0 < y[part].sum() < part.sum():
            found.append(roc_auc(y[part], p[part]))
    return float(np.mean(found)) if found else float("nan")
