"""How the predictions that were made turned out, against the model's evaluation and against the rules it must beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bank_marketing.campaign.features import FeatureSpec
from bank_marketing.economics import Economics
from bank_marketing.modeling.baselines import CALL_EVERYONE, TRAILING_RATE
from bank_marketing.monitoring.config import MonitoringConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from bank_marketing.modeling.metrics import Floats, Labels

#: Figures that a window has in common with an evaluation.
COMPARED = ("f1", "roc_auc", "pr_auc", "lift_at_10", "brier")

Called = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class PerformanceFinding:
    """Figures of one window.

    Attributes:
        rows: contacts of the window whose prediction is known.
        of_rows: contacts of the window.
        enough: outcomes of both kinds suffice for a decision.
        figures: of the predictions as they were made.
        evaluated: figures of the production model's evaluation, where known.
        baselines: F1 and profit of the rules on the same contacts.
        reasons: one sentence a violation.
    """

    rows: int
    of_rows: int
    enough: bool
    figures: dict[str, float]
    evaluated: dict[str, float]
    baselines: dict[str, dict[str, float]]
    reasons: tuple[str, ...]

    @property
    def violates(self) -> bool:
        """Whether this window counts as decayed."""
        return self.enough and bool(self.reasons)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "rows": self.rows,
            "of_rows": self.of_rows,
            "enough": self.enough,
            "violates": self.violates,
            "figures": self.figures,
            "evaluated": self.evaluated,
            "baselines": self.baselines,
            "reasons": list(self.reasons),
        }


def outcome_figures(y: Labels, p: Floats, called: Called, economics: Economics) -> dict[str, float]:
    """Figures of decisions that need not share one threshold.

    Args:
        y: outcomes (n,), n > 0.
        p: probabilities (n,).
        called: decisions (n,).
        economics: prices the decisions.
    """
    from bank_marketing.modeling.metrics import evaluate, f1

    ranked = evaluate(y, p, 0.5, economics)
    found = {name: float(getattr(ranked, name)) for name in ("rows", "positives", "roc_auc", "pr_auc", "lift_at_10", "brier")}
    return found | {
        "f1": f1(y, called),
        "called": float(called.sum()),
        "conversions": float(y[called].sum()),
        "profit": economics.profit(y, called),
        "predicted_rate": float(p.mean()),
        "rate": float(y.mean()),
        "calibration_gap": float(p.mean() - y.mean()),
    }


def assess_performance(
    window: pd.DataFrame,
    evaluated: Mapping[str, float],
    spec: FeatureSpec,
    trailing_threshold: float,
    economics: Economics,
    config: MonitoringConfig,
) -> PerformanceFinding:
    """Judge the predictions of a window by their outcomes.

    Args:
        window: rows of the features table with `y`, `probability` (nan where none was made) and `called`.
        evaluated: figures of the production model on its unseen days, by the names of COMPARED; may be empty.
        spec: the campaign's features.
        trailing_threshold: of the trailing-rate rule, chosen on the model's own training days.
        economics: prices the decisions.
        config: thresholds and minimum outcomes.
    """
    from bank_marketing.modeling import baselines
    from bank_marketing.modeling.metrics import f1

    known = window[window["probability"].notna()]
    reference = {name: float(evaluated[name]) for name in COMPARED if name in evaluated}
    if known.empty:
        return PerformanceFinding(0, len(window), enough=False, figures={}, evaluated=reference, baselines={}, reasons=())
    y, called = known["y"].to_numpy(int), known["called"].to_numpy(bool)
    figures = outcome_figures(y, known["probability"].to_numpy(float), called, economics)
    rules = {
        CALL_EVERYONE: np.ones(len(known), dtype=bool),
        TRAILING_RATE: np.asarray(baselines.trailing_rate(known, spec) >= trailing_threshold),
    }
    compared = {name: {"f1": f1(y, rule), "profit": economics.profit(y, rule)} for name, rule in rules.items()}
    enough = len(known) >= config.window_rows and min(y.sum(), len(y) - y.sum()) >= config.min_outcomes
    reasons = _reasons(figures, reference, compared, config) if enough else ()
    return PerformanceFinding(len(known), len(window), bool(enough), figures, reference, compared, reasons)


def _reasons(
    figures: Mapping[str, float],
    evaluated: Mapping[str, float],
    rules: Mapping[str, Mapping[str, float]],
    config: MonitoringConfig,
) -> tuple[str, ...]:
    found = []
    drop = evaluated.get("roc_auc", figures["roc_auc"]) - figures["roc_auc"]
    if drop > config.max_auc_drop:
        found.append(
            f"ROC AUC {figures['roc_auc']:.3f} is {drop:.3f} below the evaluation's {evaluated['roc_auc']:.3f}, more than "
            f"{config.max_auc_drop:g}"
        )
    if abs(figures["calibration_gap"]) > config.max_calibration_gap:
        found.append(
            f"the mean probability {figures['predicted_rate']:.3f} is off the rate of subscription {figures['rate']:.3f} by more than "
            f"{config.max_calibration_gap:g}"
        )
    everyone = rules[CALL_EVERYONE]
    # Who calls nobody because no call pays has no F1 either, and does no harm.
    if figures["f1"] < everyone["f1"] - config.min_f1_margin and figures["profit"] < everyone["profit"]:
        found.append(
            f"F1 {figures['f1']:.3f} is below {everyone['f1']:.3f} of calling everyone by more than {config.min_f1_margin:g}, and so is "
            "the profit"
        )
    return tuple(found)
