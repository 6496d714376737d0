"""How far two samples of a column lie apart: effect sizes with fixed thresholds, never p-values.

A Kolmogorov-Smirnov test on 10,000 rows calls any difference significant; its distance says whether the difference matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
import pandas as pd

from bank_marketing.contract import Column, Contract
from bank_marketing.etl.snapshot import CleanDay


@dataclass(frozen=True)
class ColumnDrift:
    """One column's distance between reference and recent rows."""

    column: str
    method: Literal["ks", "psi", "cohen_h"]
    statistic: float
    threshold: float
    drifted: bool
    weight: Literal["decides", "none"]

    def to_json(self) -> dict[str, object]:
        """Plain values."""
        return asdict(self)


def recent_window(
    days: Sequence[CleanDay], *, min_days: int, min_rows: int
) -> tuple[tuple[CleanDay, ...], tuple[CleanDay, ...]]:
    """Split days (oldest first) into those before and the recent ones: the last `min_days`, or as many as hold `min_rows` rows."""
    taken, rows = 0, 0
    while taken < len(days) and (taken < min_days or rows < min_rows):
        taken += 1
        rows += days[-taken].clean
    border = len(days) - taken
    return tuple(days[:border]), tuple(days[border:])


def ks_distance(reference: pd.Series, recent: pd.Series) -> float:
    """Largest distance between the two distribution functions, 0..1, over the rows that have a value.

    Compared are distinct values with their rows: numbers of millions of clients have a few thousand.
    """
    steps = [sample.astype(float).value_counts(sort=False).sort_index() for sample in (reference, recent)]
    points = np.union1d(*(step.index.to_numpy() for step in steps))
    one, other = (_distribution(step, points) for step in steps)
    return float(np.abs(one - other).max(initial=0.0))


def _distribution(rows: pd.Series, points: np.ndarray) -> np.ndarray:
    """Share of rows up to each point, from the rows of each value in order."""
    reached = np.searchsorted(rows.index.to_numpy(), points, side="right")
    return np.asarray(np.concatenate([[0], rows.to_numpy().cumsum()])[reached] / max(1, rows.sum()))


def psi(reference: pd.Series, recent: pd.Series) -> float:
    """Population stability index over the categories of both samples, each with half a row added so that none is empty."""
    rows = [_rows_by_category(sample) for sample in (reference, recent)]
    names = sorted(set(rows[0].index) | set(rows[1].index))

    def shares(counted: pd.Series) -> np.ndarray:
        counts = counted.reindex(names, fill_value=0).to_numpy(float) + 0.5
        return np.asarray(counts / counts.sum())

    expected, actual = map(shares, rows)
    return float(((actual - expected) * np.log(actual / expected)).sum())


def _rows_by_category(sample: pd.Series) -> pd.Series:
    counts = sample.value_counts(sort=False, dropna=False)
    counts = counts[counts > 0]  # a categorical counts what it could hold as well
    return counts.groupby([str(name) for name in counts.index]).sum()


def compared(contract: Contract) -> list[Column]:
    """The columns whose drift is looked at: attributes, but for month and weekday, which follow from the date."""
    return [column for column in contract.attributes if not column.derived]


def column_drift(
    reference: pd.DataFrame, recent: pd.DataFrame, contract: Contract, *, ks_threshold: float, psi_threshold: float
) -> list[ColumnDrift]:
    """Distance of every attribute of the contract that both samples have: KS for numbers, PSI for categories.

    Macro columns are reported and weigh nothing: they always move.
    """
    found = []
    for column in compared(contract):
        if column.name not in reference or column.name not in recent:
            continue
        numeric = column.type != "string"
        measure, threshold = (ks_distance, ks_threshold) if numeric else (psi, psi_threshold)
        statistic = round(measure(reference[column.name], recent[column.name]), 6)
        found.append(
            ColumnDrift(
                column=column.name,
                method="ks" if numeric else "psi",
                statistic=statistic,
                threshold=threshold,
                drifted=statistic > threshold,
                weight="none" if column.role == "macro" else "decides",
            )
        )
    return found
