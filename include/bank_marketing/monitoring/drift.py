"""How far the recent contacts lie from those that the production model learned from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bank_marketing.contract import Contract
from bank_marketing.etl.drift import ColumnDrift, column_drift, ks_distance
from bank_marketing.monitoring.config import MonitoringConfig

if TYPE_CHECKING:
    import pandas as pd

PREDICTION, PREDICTED_RATE, LABEL_RATE = "prediction", "predicted rate", "label rate"


@dataclass(frozen=True)
class DriftFinding:
    """The distances of one window. `enough`: the window has the rows that a decision needs."""

    rows: int
    reference_rows: int
    enough: bool
    columns: tuple[ColumnDrift, ...]

    @property
    def drifted(self) -> tuple[ColumnDrift, ...]:
        """Deciding columns beyond their threshold, farthest first."""
        beyond = [entry for entry in self.columns if entry.drifted and entry.weight == "decides"]
        return tuple(sorted(beyond, key=lambda entry: -entry.statistic / entry.threshold))

    @property
    def violates(self) -> bool:
        """Whether this window counts as drifted."""
        return self.enough and bool(self.drifted)

    @property
    def reasons(self) -> tuple[str, ...]:
        """One sentence a drifted column."""
        return tuple(
            f"{entry.column} has drifted: {_METHODS[entry.method]} {entry.statistic:.2f}, more than {entry.threshold:g}"
            for entry in self.drifted
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "rows": self.rows,
            "reference_rows": self.reference_rows,
            "enough": self.enough,
            "violates": self.violates,
            "columns": [entry.to_json() for entry in self.columns],
        }


_METHODS = {"ks": "KS distance", "psi": "PSI", "cohen_h": "Cohen's h"}


def cohen_h(first: float, second: float) -> float:
    """Distance of two rates: the same number of percent weighs more near 0 and 1 (Cohen 1988, chapter 6)."""
    return float(abs(2 * np.arcsin(np.sqrt(first)) - 2 * np.arcsin(np.sqrt(second))))


def assess_drift(reference: pd.DataFrame, recent: pd.DataFrame, contract: Contract, config: MonitoringConfig) -> DriftFinding:
    """Distances of all attributes of the contract, of the predictions and of the label rate.

    Args:
        reference: rows the production model learned from, with `y` and its `probability`.
        recent: rows of the window, with `y` and the same model's `probability`.
        contract: names, types and roles of the attributes. Macro columns are reported and never decide.
        config: thresholds and minimum rows.

    Returns:
        The distances. The distribution of the predictions is reported only: the model follows the level of the market by design, so
        its predictions move whenever the market does; their mean decides, as the label rate does.
    """
    enough = len(recent) >= config.window_rows and len(reference) >= config.window_rows
    if recent.empty or reference.empty:
        return DriftFinding(len(recent), len(reference), enough=False, columns=())
    columns = column_drift(reference, recent, contract, ks_threshold=config.ks_threshold, psi_threshold=config.psi_threshold)
    predicted = round(ks_distance(reference["probability"], recent["probability"]), 6)
    columns.append(
        ColumnDrift(PREDICTION, "ks", predicted, config.ks_threshold, predicted > config.ks_threshold, weight="none")
    )
    for name, column in ((PREDICTED_RATE, "probability"), (LABEL_RATE, "y")):
        distance = round(cohen_h(float(reference[column].mean()), float(recent[column].mean())), 6)
        columns.append(
            ColumnDrift(name, "cohen_h", distance, config.rate_threshold, distance > config.rate_threshold, weight="decides")
        )
    return DriftFinding(len(recent), len(reference), enough, tuple(columns))
