"""How far two samples of a column lie apart: effect sizes with fixed thresholds, never p-values.

A Kolmogorov-Smirnov test on 10,000 rows calls any difference significant; its distance says whether the difference matters.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from bank_marketing.contract import Contract

#: KS distance: at 200 rows chance alone reaches .1 in one of forty windows; .2 is a shift of half a standard deviation.
KS_THRESHOLD = 0.2

#: Population stability index: below .1 nothing, above .25 a shift that needs action (Siddiqi 2006, Credit Risk Scorecards).
PSI_THRESHOLD = 0.25

#: Below this, effect sizes are mostly noise.
MIN_ROWS = 200


@dataclass(frozen=True)
class ColumnDrift:
    """One column's distance between reference and recent rows."""

    column: str
    method: Literal["ks", "psi"]
    statistic: float
    threshold: float
    drifted: bool
    weight: Literal["decides", "none"]

    def to_json(self) -> dict[str, object]:
        """Plain values."""
        return asdict(self)


def ks_distance(reference: pd.Series, recent: pd.Series) -> float:
    """Largest distance between the two distribution functions, 0..1."""
    return float(stats.ks_2samp(reference.to_numpy(float), recent.to_numpy(float)).statistic)


def psi(reference: pd.Series, recent: pd.Series) -> float:
    """Population stability index over the categories of both samples, each with half a row added so that none is empty."""
    names = sorted(set(reference.astype(str)) | set(recent.astype(str)))

    def shares(sample: pd.Series) -> np.ndarray:
        counts = sample.astype(str).value_counts().reindex(names, fill_value=0).to_numpy(float) + 0.5
        return np.asarray(counts / counts.sum())

    expected, actual = shares(reference), shares(recent)
    return float(((actual - expected) * np.log(actual / expected)).sum())


def column_drift(reference: pd.DataFrame, recent: pd.DataFrame, contract: Contract) -> list[ColumnDrift]:
    """Distance of every attribute of the contract; macro columns are reported and weigh nothing, for they always move."""
    found = []
    for column in contract.attributes:
        if column.derived or column.name not in reference.columns:
            continue
        numeric = column.type != "string"
        measure, threshold = (ks_distance, KS_THRESHOLD) if numeric else (psi, PSI_THRESHOLD)
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
