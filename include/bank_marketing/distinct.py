"""Values that occur many times, worked on once each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Places = NDArray[np.int64]


def numbered(values: NDArray[Any]) -> tuple[Places, Places]:
    """Number the distinct values of a column (n,), in the order in which they come.

    Numbers with a fraction are distinct where their bits are: 0.0 is not written as -0.0 is.

    Returns:
        The number of each row's value (n,), and the first row of each number.
    """
    keys = values.view(np.int64) if values.dtype == np.float64 else values
    codes = pd.factorize(keys, use_na_sentinel=False)[0]
    firsts = np.empty(codes.max(initial=-1) + 1, int)
    firsts[codes[::-1]] = np.arange(len(codes))[::-1]  # of a number's rows the first is written last
    return codes, firsts
