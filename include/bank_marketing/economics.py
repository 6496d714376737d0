"""The money: what a call costs, what a deposit brings. The one place for both; settings override them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Economics:
    """Cost and margin in euro. The defaults are assumptions, stated for the reader to replace.

    Attributes:
        call_cost: an outbound call, with tries, wages and line: about ten minutes of an agent.
        deposit_margin: interest margin of one deposit over its term, before costs; a deposit of 5,000 euro at 0.8 % a year.
    """

    call_cost: float = 8.0
    deposit_margin: float = 40.0

    @property
    def break_even(self) -> float:
        """Probability of a subscription at which a call pays for itself."""
        return self.call_cost / self.deposit_margin

    def profit(self, y: NDArray[np.int64], called: NDArray[np.bool_]) -> float:
        """Profit of calling those clients, in euro."""
        return float(self.deposit_margin * y[called].sum() - self.call_cost * called.sum())
