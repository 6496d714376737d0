"""Who is called: thresholds chosen on earlier, out-of-sample days."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bank_marketing.economics import Economics
from bank_marketing.modeling.metrics import Floats, Labels

#: The threshold is one of these, so that it does not follow single rows.
GRID: NDArray[np.float64] = np.round(np.arange(0.02, 0.96, 0.01), 2)


def f1_curve(y: Labels, p: Floats) -> Floats:
    """F1 at each threshold of GRID."""
    order = np.sort(p)
    hits_above = np.concatenate([np.cumsum(y[np.argsort(p, kind="stable")][::-1])[::-1], [0]])
    place = np.searchsorted(order, GRID, side="left")
    called = len(p) - place
    return np.asarray(2 * hits_above[place] / np.maximum(called + y.sum(), 1), dtype=float)


def choose_threshold(policy: str, y: Labels, p: Floats, economics: Economics | None = None) -> float:
    """The threshold that a policy takes from out-of-sample rows.

    `best_f1` is the lowest threshold with the best F1; `half_best_f1` is half of that best F1, which is the optimal threshold of
    calibrated probabilities (Lipton, Elkan and Naryanaswamy 2014); `break_even` needs no rows: cost over margin;
    `half_best_f1_that_pays` is the higher of these two: it follows F1, but never makes a call that loses money on average.
    """
    break_even = (economics or Economics()).break_even
    if policy == "break_even":
        return break_even
    if policy == "half_best_f1_that_pays":
        return max(choose_threshold("half_best_f1", y, p), break_even)
    curve = f1_curve(y, p)
    if policy == "half_best_f1":
        return float(np.clip(np.round(curve.max() / 2, 2), GRID[0], GRID[-1]))
    return float(GRID[int(np.argmax(curve))])
