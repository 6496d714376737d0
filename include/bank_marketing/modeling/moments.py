"""What an encoder learns of many rows, in one small record that two halves of the rows can be merged into."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """Moments of some rows.

    Attributes:
        names: of the numbers.
        rows: how many rows there are.
        mean: of each number (numbers,).
        squares: summed squared deviations of each number from its mean (numbers,).
        flags: rows of each category (categories,).
    """

    names: tuple[str, ...]
    rows: int
    mean: Floats
    squares: Floats
    flags: Floats

    def merged(self, other: Moments) -> Moments:
        """Moments of both sets of rows (Chan, Golub and LeVeque 1979, "Updating formulae and a pairwise algorithm")."""
        rows = self.rows + other.rows
        apart = other.mean - self.mean
        return Moments(
            names=self.names,
            rows=rows,
            mean=self.mean + apart * (other.rows / rows),
            squares=self.squares + other.squares + apart**2 * (self.rows * other.rows / rows),
            flags=self.flags + other.flags,
        )
