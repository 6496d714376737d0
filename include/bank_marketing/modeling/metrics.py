"""How good a model is on given days: ranking, decisions, calibration, money; with intervals, and against another model."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from sklearn import metrics as sk

from bank_marketing.economics import Economics

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


class Metrics(BaseModel):
    """Figures of one model on one set of rows. Rates lie in 0..1, `profit` is in euro."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int
    positives: int
    threshold: float
    f1: float
    accuracy: float
    precision: float
    recall: float
    roc_auc: float
    pr_auc: float
    lift_at_10: float
    alift: float
    brier: float
    log_loss: float
    called: int
    profit: float


def lift_at(y: Labels, p: Floats, share: float = 0.1) -> float:
    """Subscription rate among the `share` best-scored rows, as a multiple of the rate of all.

    Rows with the same score count with their mean, so that the order of the input does not matter.
    """
    k = max(1, round(share * len(y)))
    cut = np.sort(p)[-k]
    above, ties = p > cut, p == cut
    hits = y[above].sum() + (k - above.sum()) * y[ties].mean()
    return float(hits / k / y.mean()) if y.any() else 0.0


def alift(y: Labels, p: Floats) -> float:
    """Area under the cumulative lift (gains) curve, as in Moro, Cortez and Rita (2014): .5 is chance."""
    order = np.argsort(-p, kind="stable")
    gains = np.concatenate([[0.0], np.cumsum(y[order]) / max(y.sum(), 1)])
    return float(np.trapezoid(gains, dx=1 / len(y)))


def evaluate(y: Labels, p: Floats, threshold: float, economics: Economics | None = None) -> Metrics:
    """All figures of probabilities `p` (n,) against outcomes `y` (n,), deciding at `threshold`. ROC AUC is .5 for one class."""
    called = p >= threshold
    both = 0 < y.sum() < len(y)
    clipped = np.clip(p, 1e-12, 1 - 1e-12)
    return Metrics(
        rows=len(y),
        positives=int(y.sum()),
        threshold=float(threshold),
        f1=float(sk.f1_score(y, called, zero_division=0)),
        accuracy=float(sk.accuracy_score(y, called)),
        precision=float(sk.precision_score(y, called, zero_division=0)),
        recall=float(sk.recall_score(y, called, zero_division=0)),
        roc_auc=float(sk.roc_auc_score(y, p)) if both else 0.5,
        pr_auc=float(sk.average_precision_score(y, p)) if y.any() else 0.0,
        lift_at_10=lift_at(y, p),
        alift=alift(y, p),
        brier=float(np.mean((p - y) ** 2)),
        log_loss=float(-np.mean(np.where(y == 1, np.log(clipped), np.log(1 - clipped)))),
        called=int(called.sum()),
        profit=(economics or Economics()).profit(y, called),
    )


def f1(y: Labels, called: NDArray[np.bool_]) -> float:
    """F1 of a decision, fast enough to be bootstrapped."""
    hits = float((y[called] == 1).sum())
    return 2 * hits / (called.sum() + y.sum()) if hits else 0.0


#: Figures that get an interval: name -> function of (y, p, threshold).
BOOTSTRAPPED: dict[str, Callable[[Labels, Floats, float], float]] = {
    "f1": lambda y, p, t: f1(y, p >= t),
    "roc_auc": lambda y, p, t: float(sk.roc_auc_score(y, p)) if 0 < y.sum() < len(y) else 0.5,
    "pr_auc": lambda y, p, t: float(sk.average_precision_score(y, p)) if y.any() else 0.0,
    "lift_at_10": lambda y, p, t: lift_at(y, p),
    "brier": lambda y, p, t: float(np.mean((p - y) ** 2)),
}


def intervals(y: Labels, p: Floats, threshold: float, *, resamples: int, seed: int) -> dict[str, tuple[float, float]]:
    """95 % percentile intervals of the figures in BOOTSTRAPPED, resampling rows (Efron and Tibshirani 1993, chapter 13)."""
    generator = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {name: [] for name in BOOTSTRAPPED}
    for _ in range(resamples):
        rows = generator.integers(0, len(y), len(y))
        for name, figure in BOOTSTRAPPED.items():
            drawn[name].append(figure(y[rows], p[rows], threshold))
    return {name: (float(np.quantile(values, 0.025)), float(np.quantile(values, 0.975))) for name, values in drawn.items()}


class PairedComparison(BaseModel):
    """F1 of one decision minus F1 of another on the same rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    difference: float
    low: float
    high: float
    probability_better: float
    resamples: int


def paired_bootstrap(
    y: Labels, called: NDArray[np.bool_], other: NDArray[np.bool_], *, resamples: int, seed: int
) -> PairedComparison:
    """Compare the F1 of two decisions on resamples of the same rows.

    Args:
        y: outcomes (n,).
        called: first decision (n,).
        other: second decision (n,).
        resamples: how many.
        seed: of the generator.

    Returns:
        The difference with its 5 % and 95 % quantiles (so `low` is a one-sided 95 % bound) and the share of resamples in which
        the first is better.
    """
    generator = np.random.default_rng(seed)
    differences = np.empty(resamples)
    for i in range(resamples):
        rows = generator.integers(0, len(y), len(y))
        differences[i] = f1(y[rows], called[rows]) - f1(y[rows], other[rows])
    return PairedComparison(
        difference=f1(y, called) - f1(y, other),
        low=float(np.quantile(differences, 0.05)),
        high=float(np.quantile(differences, 0.95)),
        probability_better=float((differences > 0).mean()),
        resamples=resamples,
    )
