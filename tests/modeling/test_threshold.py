"""Who is called: the policies worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bank_marketing.economics import Economics
from bank_marketing.modeling.choice import ThresholdPolicy
from bank_marketing.modeling.threshold import (
    GRID,
    best_f1_threshold,
    choose_threshold,
    f1_curve,
    learned_threshold,
    threshold_at,
)
from tests.support.features import PRICES

Y = np.array([1, 1, 0, 0, 0, 0, 0, 0, 0, 0])
P = np.array([0.9, 0.3, 0.8, 0.2, 0.2, 0.1, 0.1, 0.1, 0.05, 0.01])

#: Calling the three best finds both subscribers: F1 is 2 * 2 / (3 + 2), from a threshold just above .2.
BEST_F1, LOWEST_BEST = 0.8, 0.21

CHEAP, DEAR = Economics(1, 10), Economics(20, 40)


@pytest.mark.parametrize(
    ("policy", "economics", "expected"),
    [
        ("best_f1", CHEAP, LOWEST_BEST),
        ("best_f1", DEAR, LOWEST_BEST),
        ("half_best_f1", CHEAP, BEST_F1 / 2),
        ("half_best_f1", DEAR, BEST_F1 / 2),
        ("break_even", CHEAP, 0.1),
        ("break_even", DEAR, 0.5),
        ("half_best_f1_that_pays", CHEAP, BEST_F1 / 2),  # higher than .1, from which a call pays
        ("half_best_f1_that_pays", DEAR, 0.5),  # a call pays from here on only
        ("half_best_f1_that_pays", Economics(3, 2), 1.5),  # no call pays
    ],
)
def test_policies_by_hand(policy: ThresholdPolicy, economics: Economics, expected: float) -> None:
    assert choose_threshold(policy, Y, P, economics=economics) == pytest.approx(expected)


def test_of_equal_f1_scores_the_lowest_threshold_is_taken() -> None:
    y, p = np.array([1, 0, 0]), np.array([0.5, 0.25, 0.25])
    assert choose_threshold("best_f1", y, p, economics=PRICES) == 0.26  # the best up to .5


def test_a_learned_threshold_stays_on_the_grid() -> None:
    nobody, everybody = np.zeros(7, int), np.ones(7, int)
    assert choose_threshold("half_best_f1", nobody, np.full(7, 0.5), economics=PRICES) == GRID[0] == 0.02
    assert choose_threshold("half_best_f1", everybody, np.full(7, 0.99), economics=PRICES) == 0.5


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1) | st.sampled_from(list(GRID))), min_size=1, max_size=40))
def test_the_f1_curve_is_f1_at_each_threshold(rows: list[tuple[bool, float]]) -> None:
    def f1(threshold: float) -> float:
        called = [label for label, value in rows if value >= threshold]
        return 2 * sum(called) / max(len(called) + sum(label for label, _ in rows), 1)

    y, p = np.array([int(label) for label, _ in rows]), np.array([value for _, value in rows])
    np.testing.assert_allclose(f1_curve(y, p), [f1(threshold) for threshold in GRID], atol=1e-12)


@pytest.mark.parametrize(
    ("policy", "learned", "threshold"),
    [
        ("best_f1", 0.02, 0.02),
        ("half_best_f1", 0.49, 0.49),
        ("break_even", None, 0.5),
        ("half_best_f1_that_pays", 0.49, 0.5),
        ("half_best_f1_that_pays", 0.51, 0.51),
        ("best_f1", 0.0, 0.0),  # learned, though it is nothing
    ],
)
def test_what_was_learned_meets_the_prices_of_the_day(policy: ThresholdPolicy, learned: float | None, threshold: float) -> None:
    assert threshold_at(policy, learned, DEAR) == threshold


def test_what_the_policies_learn_and_that_break_even_learns_nothing() -> None:
    assert learned_threshold("break_even", Y, P) is None
    assert learned_threshold("best_f1", Y, P) == best_f1_threshold(Y, P) == LOWEST_BEST
    y, p = np.array([1, 0, 0, 0, 0, 0, 0]), np.array([0.5, 0.5, 0.5, 0.1, 0.1, 0.1, 0.1])
    assert f1_curve(y, p).max() == pytest.approx(2 / 4)
    assert learned_threshold("half_best_f1", y, p) == 0.25
    three, sevenths = np.array([1, 1, 1, 0, 0, 0, 0]), np.full(7, 0.5)
    assert learned_threshold("half_best_f1", three, sevenths) == 0.3
    odd = np.array([1, 1, 0, 0, 0, 0, 0])
    assert learned_threshold("half_best_f1", odd, sevenths) == 0.22, "4/9 by two is .2222, on the grid .22"
