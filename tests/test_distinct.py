"""Distinct values: numbered as they come, numbers by their bits."""

from __future__ import annotations

import numpy as np
import pytest

from bank_marketing.distinct import numbered


@pytest.mark.parametrize(
    ("values", "codes", "firsts"),
    [
        (np.array(["b", "a", "b", None, "a", None], dtype=object), [0, 1, 0, 2, 1, 2], [0, 1, 3]),
        (np.array([7, 7, 3]), [0, 0, 1], [0, 2]),
        (np.array([0.0, -0.0, np.nan, 0.0, np.nan]), [0, 1, 2, 0, 2], [0, 1, 2]),
        (np.array([], dtype=object), [], []),
    ],
)
def test_values_are_numbered_in_the_order_in_which_they_come(values: np.ndarray, codes: list[int], firsts: list[int]) -> None:
    found, rows = numbered(values)
    assert (found.tolist(), rows.tolist()) == (codes, firsts)
