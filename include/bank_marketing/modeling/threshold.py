"""Who is called: what a policy learns from earlier, out-of-sample days, and the threshold that it gives at today's prices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bank_marketing.economics import Economics
from bank_marketing.modeling.choice import ThresholdPolicy
from bank_marketing.modeling.metrics import Floats, Labels

#: A learned threshold is one of these, so that it does not follow single rows.
GRID: NDArray[np.float64] = np.round(np.arange(0.02, 0.96, 0.01), 2)

#: Policies that promise that no call loses money on average. They look at the prices of the day on which they decide.
PAYING: frozenset[ThresholdPolicy] = frozenset({"break_even", "half_best_f1_that_pays"})


def f1_curve(y: Labels, p: Floats) -> Floats:
    """F1 at each threshold of GRID."""
    order = np.sort(p)
    hits_above = np.concatenate([np.cumsum(y[np.argsort(p, kind="stable")][::-1])[::-1], [0]])
    place = np.searchsorted(order, GRID, side="left")
    called = len(p) - place
    return np.asarray(2 * hits_above[place] / np.maximum(called + y.sum(), 1), dtype=float)


def learned_threshold(policy: ThresholdPolicy, y: Labels, p: Floats) -> float | None:
    """What a policy takes from outcomes `y` (n,) of out-of-sample probabilities `p` (n,); None where it takes nothing.

    The others than `best_f1` take half of the best F1, which is the optimal threshold of calibrated probabilities (Lipton, Elkan and
    Naryanaswamy 2014).
    """
    if policy == "break_even":
        return None
    if policy == "best_f1":
        return best_f1_threshold(y, p)
    return float(np.clip(np.round(f1_curve(y, p).max() / 2, 2), GRID[0], GRID[-1]))


def best_f1_threshold(y: Labels, p: Floats) -> float:
    """The lowest threshold of GRID with the best F1."""
    return float(GRID[int(np.argmax(f1_curve(y, p)))])


def threshold_at(policy: ThresholdPolicy, learned: float | None, economics: Economics) -> float:
    """The threshold of a policy at these prices.

    The policies in PAYING follow the prices: `break_even` is cost over margin, `half_best_f1_that_pays` the higher of that and of
    what was learned. The others are what was learned, whatever a call costs.
    """
    if learned is None:
        return economics.break_even
    return max(learned, economics.break_even) if policy in PAYING else learned


def choose_threshold(policy: ThresholdPolicy, y: Labels, p: Floats, *, economics: Economics) -> float:
    """The threshold that a policy takes from out-of-sample rows and these prices."""
    return threshold_at(policy, learned_threshold(policy, y, p), economics)
