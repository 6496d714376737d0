"""Figures on cases small enough to be worked out by hand."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from bank_marketing.economics import Economics
from bank_marketing.modeling.metrics import (
    BOOTSTRAPPED,
    alift,
    evaluate,
    f1,
    intervals,
    lift_at,
    paired_bootstrap,
    paired_ranking,
)
from tests.support.features import PRICES

Y = np.array([1, 1, 0, 0, 0, 0, 0, 0, 0, 0])
P = np.array([0.9, 0.3, 0.8, 0.2, 0.2, 0.1, 0.1, 0.1, 0.05, 0.01])


def test_lift_of_the_best_tenth_and_of_the_best_fifth() -> None:
    assert lift_at(Y, P, 0.1) == pytest.approx(5)  # 1 of 1 against 2 of 10
    assert lift_at(Y, P, 0.2) == pytest.approx(2.5)


def test_ties_share_their_lift_whatever_the_order() -> None:
    tied = np.full(10, 0.5)
    assert lift_at(Y, tied) == pytest.approx(1)
    assert lift_at(Y[::-1], tied) == pytest.approx(1)


def test_alift_is_half_for_chance_and_near_one_for_the_rare_and_known() -> None:
    y = np.zeros(1000, int)
    y[::100] = 1
    assert alift(y, np.zeros(1000)) == pytest.approx(0.5, abs=0.06)
    assert alift(y, y.astype(float)) == pytest.approx(0.995, abs=0.001)


def test_decisions_are_priced() -> None:
    figures = evaluate(Y, P, 0.25, Economics(call_cost=7, deposit_margin=31))
    assert (figures.called, figures.precision, figures.recall) == (3, pytest.approx(2 / 3), 1.0)
    assert figures.profit == pytest.approx(2 * 31 - 3 * 7)


def test_one_class_has_no_ranking() -> None:
    assert evaluate(np.zeros(4, int), np.array([0.1, 0.2, 0.3, 0.4]), 0.5, PRICES).roc_auc == 0.5


def test_a_resample_has_the_figures_of_its_rows() -> None:
    generator = np.random.default_rng(3)
    y = (generator.random(300) < 0.3).astype(int)
    p = np.round(np.clip(0.3 + 0.3 * (y - 0.3) + generator.normal(0, 0.2, 300), 0, 1), 2)  # rounded: with ties
    (low, high), rows = intervals(y, p, 0.4, resamples=1, seed=5)["f1"], np.random.default_rng(5).integers(0, 300, 300)
    drawn = evaluate(y[rows], p[rows], 0.4, PRICES)
    assert low == high == pytest.approx(drawn.f1)
    found = {name: bounds[0] for name, bounds in intervals(y, p, 0.4, resamples=1, seed=5).items()}
    assert found == pytest.approx({name: getattr(drawn, name) for name in found})


def test_bootstraps_are_seeded_and_see_a_better_decision() -> None:
    generator = np.random.default_rng(1)
    y = (generator.random(800) < 0.3).astype(int)
    p = np.clip(0.3 + 0.4 * (y - 0.3) + generator.normal(0, 0.2, 800), 0, 1)
    assert intervals(y, p, 0.5, resamples=30, seed=1) == intervals(y, p, 0.5, resamples=30, seed=1)
    low, high = intervals(y, p, 0.5, resamples=100, seed=1)["roc_auc"]
    assert low < evaluate(y, p, 0.5, PRICES).roc_auc < high
    better = paired_bootstrap(y, p >= 0.4, np.ones(800, bool), resamples=200, seed=1)
    assert better.low > 0
    assert better.probability_better == 1
    ranks = paired_ranking(y, p, np.full(800, 0.3), resamples=100, seed=1)
    assert ranks.difference == pytest.approx(evaluate(y, p, 0.5, PRICES).roc_auc - 0.5)
    assert 0 < ranks.low < ranks.difference < ranks.high
    assert paired_ranking(y, p, 2 * p, resamples=20, seed=1).high == 0
    same = paired_bootstrap(y, p >= 0.4, p >= 0.4, resamples=50, seed=1)
    assert (same.difference, same.probability_better) == (0, 0)


#: Seven rows with a tie; an odd number of resamples, so that quantiles fall on drawn values.
SEVEN_Y = np.array([1, 0, 1, 0, 0, 1, 0])
SEVEN_P = np.array([0.9, 0.6, 0.6, 0.4, 0.3, 0.2, 0.1])
RESAMPLES, SEED = 41, 11


def drawn_rows() -> list[np.ndarray]:
    generator = np.random.default_rng(SEED)
    return [generator.integers(0, 7, 7) for _ in range(RESAMPLES)]


def test_an_interval_reaches_from_the_2_5_to_the_97_5_percent_quantile_of_the_resamples() -> None:
    drawn = [evaluate(SEVEN_Y[rows], SEVEN_P[rows], 0.5, PRICES) for rows in drawn_rows()]
    found = intervals(SEVEN_Y, SEVEN_P, 0.5, resamples=RESAMPLES, seed=SEED)
    for name in ("f1", "roc_auc", "brier"):
        values = sorted(getattr(figures, name) for figures in drawn)
        assert found[name] == pytest.approx((values[1], values[39])), name  # .025 and .975 of 40 steps
    assert found["f1"][1] - found["f1"][0] > 0.5, "a half of the resamples would be a much smaller interval"


def test_a_paired_difference_has_its_5_and_95_percent_quantiles() -> None:
    called, other = SEVEN_P >= 0.5, np.ones(7, bool)

    def difference(rows: np.ndarray) -> float:
        return float(
            f1_score(SEVEN_Y[rows], called[rows], zero_division=0) - f1_score(SEVEN_Y[rows], other[rows], zero_division=0)
        )

    values = sorted(difference(rows) for rows in drawn_rows())
    found = paired_bootstrap(SEVEN_Y, called, other, resamples=RESAMPLES, seed=SEED)
    assert found.difference == pytest.approx(2 * 2 / (3 + 3) - 2 * 3 / (3 + 7))
    assert (found.low, found.high) == pytest.approx((values[2], values[38]))  # .05 and .95 of 40 steps
    assert found.probability_better == pytest.approx(sum(value > 0 for value in values) / RESAMPLES)
    assert found.resamples == RESAMPLES


def test_a_paired_ranking_has_them_too() -> None:
    other = SEVEN_P[::-1].copy()
    values = []
    for rows in drawn_rows():
        one, two = (evaluate(SEVEN_Y[rows], p[rows], 0.5, PRICES).roc_auc for p in (SEVEN_P, other))
        values.append(one - two)
    found = paired_ranking(SEVEN_Y, SEVEN_P, other, resamples=RESAMPLES, seed=SEED)
    assert (found.low, found.high) == pytest.approx((sorted(values)[2], sorted(values)[38]))


Rows = list[tuple[int, float]]

#: Outcomes and probabilities in eighths, so that there are ties; one class and a single row are among them.
rows_in_eighths = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 8).map(lambda eighths: eighths / 8)), min_size=1, max_size=23
)


def by_hand(rows: Rows, threshold: float) -> dict[str, float]:
    """Every figure from its definition, in plain Python."""
    n, positives = len(rows), sum(y for y, _ in rows)
    called = [(y, p) for y, p in rows if p >= threshold]
    hits = sum(y for y, _ in called)
    right = hits + sum(1 - y for y, p in rows if p < threshold)
    won, lost = [p for y, p in rows if y], [p for y, p in rows if not y]
    pairs = [1.0 if one > other else 0.5 if one == other else 0.0 for one in won for other in lost]
    levels = sorted({p for _, p in rows}, reverse=True)
    above = [[y for y, p in rows if p >= level] for level in levels]
    gained = [sum(found) for found in above]
    steps = [now - before for now, before in zip(gained, [0, *gained], strict=False)]
    k = max(1, round(n / 10))
    ranked = sorted(rows, key=lambda row: -row[1])
    cut = ranked[k - 1][1]
    sure, tied = [y for y, p in rows if p > cut], [y for y, p in rows if p == cut]
    best = sum(sure) + (k - len(sure)) * sum(tied) / len(tied)
    bounded = [(y, min(max(p, 1e-12), 1 - 1e-12)) for y, p in rows]
    curve = [0.0]
    for y, _ in ranked:
        curve.append(curve[-1] + y / max(positives, 1))
    return {
        "rows": n,
        "positives": positives,
        "threshold": threshold,
        "f1": 2 * hits / (len(called) + positives) if hits else 0,
        "accuracy": right / n,
        "precision": hits / len(called) if called else 0,
        "recall": hits / positives if positives else 0,
        "roc_auc": sum(pairs) / len(pairs) if pairs else 0.5,
        "pr_auc": sum(step * sum(found) / len(found) for step, found in zip(steps, above, strict=True)) / max(positives, 1),
        "lift_at_10": best / k / (positives / n) if positives else 0,
        "alift": sum((one + two) / 2 for one, two in itertools.pairwise(curve)) / n,
        "brier": sum((p - y) ** 2 for y, p in rows) / n,
        "log_loss": -sum(math.log(safe if y else 1 - safe) for y, safe in bounded) / n,
        "called": len(called),
        "profit": hits * PRICES.deposit_margin - len(called) * PRICES.call_cost,
    }


def arrays(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    return np.array([y for y, _ in rows]), np.array([p for _, p in rows])


@settings(max_examples=25, deadline=None, derandomize=True)
@given(rows_in_eighths, st.integers(0, 8).map(lambda eighths: eighths / 8))
@example([(1, 0.5)], 0.5)
@example([(0, 0.5)], 0.75)
@example([(1, 0.0), (0, 1.0), (1, 1.0)], 0.125)
def test_every_figure_is_its_definition(rows: Rows, threshold: float) -> None:
    expected = by_hand(rows, threshold)
    assert evaluate(*arrays(rows), threshold, PRICES).model_dump() == pytest.approx(expected, abs=1e-9)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(rows_in_eighths, st.integers(0, 8).map(lambda eighths: eighths / 8), st.integers(0, 9))
@example([(1, 0.5)], 0.5, 0)
@example([(0, 0.5), (0, 0.25)], 0.5, 0)
@example([(1, 0.5), (0, 0.5), (1, 0.25)] * 9, 0.5, 0)
def test_a_resample_has_every_bootstrapped_figure_of_its_rows(rows: Rows, threshold: float, seed: int) -> None:
    y, p = arrays(rows)
    drawn = np.random.default_rng(seed).integers(0, len(y), len(y))
    expected = by_hand([rows[int(place)] for place in drawn], threshold)
    found = intervals(y, p, threshold, resamples=1, seed=seed)
    assert list(found) == list(BOOTSTRAPPED)
    for name, (low, high) in found.items():
        assert low == high == pytest.approx(expected[name], abs=1e-9), name


@settings(max_examples=20, deadline=None, derandomize=True)
@given(rows_in_eighths)
@example([(0, 0.5)])
def test_the_fast_f1_is_the_slow_one(rows: Rows) -> None:
    y, p = arrays(rows)
    assert f1(y, p >= 0.5) == pytest.approx(by_hand(rows, 0.5)["f1"])


@pytest.mark.parametrize(("share", "lift"), [(0.1, 10 / 2), (0.14, 5), (0.15, 2.5), (0.3, 10 / 3), (0.01, 5), (1.0, 1)])
def test_a_share_is_rounded_to_whole_rows_and_to_one_at_least(share: float, lift: float) -> None:
    assert lift_at(Y, P, share) == pytest.approx(lift)


def test_a_model_is_better_only_where_it_is_strictly_better() -> None:
    other = np.where(SEVEN_P == 0.9, 0.0, SEVEN_P)
    ranking = paired_ranking(SEVEN_Y, SEVEN_P, other, resamples=RESAMPLES, seed=SEED)
    differences = [
        evaluate(SEVEN_Y[rows], SEVEN_P[rows], 0.5, PRICES).roc_auc - evaluate(SEVEN_Y[rows], other[rows], 0.5, PRICES).roc_auc
        for rows in drawn_rows()
    ]
    assert ranking.resamples == RESAMPLES
    assert ranking.probability_better == pytest.approx(sum(value > 1e-12 for value in differences) / RESAMPLES)
    assert 0 < ranking.probability_better < 1
    assert ranking.difference == pytest.approx(7.5 / 12 - 3.5 / 12)
