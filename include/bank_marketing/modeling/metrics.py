"""How good a model is on given days: ranking, decisions, calibration, money; with intervals, and against another model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from sklearn import metrics as sk

from bank_marketing.economics import Economics

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


class Metrics(BaseModel):
    """Figures of one model on one set of rows. Rates lie in 0..1, `profit` is in the campaign's currency."""

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


def roc_auc(y: Labels, p: Floats) -> float:
    """ROC AUC of probabilities `p` (n,) against outcomes `y` (n,); .5 for one class."""
    return float(sk.roc_auc_score(y, p)) if 0 < y.sum() < len(y) else 0.5


def evaluate(y: Labels, p: Floats, threshold: float, economics: Economics) -> Metrics:
    """All figures of probabilities `p` (n,) against outcomes `y` (n,), deciding at `threshold`, at these prices."""
    called = p >= threshold
    clipped = np.clip(p, 1e-12, 1 - 1e-12)
    return Metrics(
        rows=len(y),
        positives=int(y.sum()),
        threshold=float(threshold),
        f1=float(sk.f1_score(y, called, zero_division=0)),
        accuracy=float(sk.accuracy_score(y, called)),
        precision=float(sk.precision_score(y, called, zero_division=0)),
        recall=float(sk.recall_score(y, called, zero_division=0)),
        roc_auc=roc_auc(y, p),
        pr_auc=float(sk.average_precision_score(y, p)) if y.any() else 0.0,
        lift_at_10=lift_at(y, p),
        alift=alift(y, p),
        brier=float(np.mean((p - y) ** 2)),
        log_loss=float(-np.mean(np.where(y == 1, np.log(clipped), np.log(1 - clipped)))),
        called=int(called.sum()),
        profit=economics.profit(y, called),
    )


def f1(y: Labels, called: NDArray[np.bool_]) -> float:
    """F1 of a decision, fast enough to be bootstrapped."""
    hits = float((y[called] == 1).sum())
    return 2 * hits / (called.sum() + y.sum()) if hits else 0.0


#: Figures that get an interval.
BOOTSTRAPPED = ("f1", "roc_auc", "pr_auc", "lift_at_10", "brier")


def intervals(y: Labels, p: Floats, threshold: float, *, resamples: int, seed: int) -> dict[str, tuple[float, float]]:
    """95 % percentile intervals of the figures in BOOTSTRAPPED, resampling rows (Efron and Tibshirani 1993, chapter 13)."""
    generator = np.random.default_rng(seed)
    figures = _Reweighted(y, p, threshold)
    drawn = [figures.of(np.bincount(generator.integers(0, len(y), len(y)), minlength=len(y))) for _ in range(resamples)]
    low, high = np.quantile(np.array(drawn), [0.025, 0.975], axis=0)
    return {name: (float(low[i]), float(high[i])) for i, name in enumerate(BOOTSTRAPPED)}


class _Reweighted:
    """The figures in BOOTSTRAPPED of rows that count several times or never: sorted once, a resample costs a few sums."""

    def __init__(self, y: Labels, p: Floats, threshold: float) -> None:
        order = np.argsort(-p, kind="stable")
        self._order, self._y = order, y[order].astype(float)
        #: Last row of each group of equal scores.
        self._ends = np.flatnonzero(np.r_[np.diff(p[order]) != 0, True])
        self._called = (p[order] >= threshold).astype(float)
        self._error = (p[order] - y[order]) ** 2

    def of(self, counts: NDArray[np.int64]) -> tuple[float, ...]:
        """The figures when row i counts `counts[i]` times (n,)."""
        weight = counts[self._order].astype(float)
        won = weight * self._y
        hits, total = np.cumsum(won)[self._ends], np.cumsum(weight)[self._ends]
        positives, rows = hits[-1], total[-1]
        calls, caught = weight @ self._called, won @ self._called
        f1_score = 2 * caught / (calls + positives) if caught else 0.0
        if not positives:
            return f1_score, 0.5, 0.0, 0.0, float(weight @ self._error / rows)
        known = total > 0
        precision = float((np.diff(hits, prepend=0.0)[known] * (hits / np.maximum(total, 1))[known]).sum() / positives)
        misses = total - hits
        area = 0.5 if not misses[-1] else float(np.trapezoid(np.r_[0.0, hits], np.r_[0.0, misses]) / (positives * misses[-1]))
        k = max(1, round(0.1 * rows))
        best = float(np.interp(k, np.r_[0.0, total], np.r_[0.0, hits])) / k
        return f1_score, area, precision, best * rows / positives, float(weight @ self._error / rows)


class PairedComparison(BaseModel):
    """A figure of one model minus that of another on the same rows: F1 of decisions, or ROC AUC of rankings."""

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
    return _compared(f1(y, called) - f1(y, other), differences)


def paired_ranking(y: Labels, p: Floats, other: Floats, *, resamples: int, seed: int) -> PairedComparison:
    """Compare the ROC AUC of two models' probabilities (n,) on resamples of the same rows, as `paired_bootstrap` compares F1."""
    generator = np.random.default_rng(seed)
    one, two = _Reweighted(y, p, 0.5), _Reweighted(y, other, 0.5)
    place = BOOTSTRAPPED.index("roc_auc")

    def difference(counts: NDArray[np.int64]) -> float:
        return one.of(counts)[place] - two.of(counts)[place]

    drawn = (np.bincount(generator.integers(0, len(y), len(y)), minlength=len(y)) for _ in range(resamples))
    return _compared(difference(np.ones(len(y), dtype=np.int64)), np.array([difference(counts) for counts in drawn]))


def _compared(difference: float, drawn: Floats) -> PairedComparison:
    return PairedComparison(
        difference=difference,
        low=float(np.quantile(drawn, 0.05)),
        high=float(np.quantile(drawn, 0.95)),
        probability_better=float((drawn > 0).mean()),
        resamples=len(drawn),
    )
