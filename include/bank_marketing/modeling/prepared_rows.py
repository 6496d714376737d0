"""Rows in time order, made ready for many fits on the first of them: a model a month, a night, or a block of the validation days."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bank_marketing.campaign.features import FeatureSpec
from bank_marketing.modeling.choice import ModelSpec
from bank_marketing.modeling.encoding import FeatureEncoder, ReadRows


class PreparedRows:
    """What a choice reads of the rows, their outcomes and days, worked out once.

    Attributes:
        choice: what is fitted on them.
        spec: the campaign's features.
        y: outcomes (n,).
    """

    def __init__(self, choice: ModelSpec, tables: Sequence[pd.DataFrame], spec: FeatureSpec) -> None:
        """Prepare rows.

        Args:
            choice: what will be fitted.
            tables: features tables with `y`, one after the other in time; they are not kept, and not copied.
            spec: the campaign's features.

        Raises:
            ConfigError: the campaign declares no such feature set.
            KeyError: a table lacks a column.
        """
        self.choice, self.spec = choice, spec
        encoder = FeatureEncoder.of(choice, spec)
        parts = [encoder.read(table) for table in tables]
        self.y = np.concatenate([table["y"].to_numpy(int) for table in tables])
        fading = choice.window.half_life_days is not None
        self._days = np.concatenate([_days(table["contact_date"]) for table in tables]) if fading else None
        if len(parts) == 1:
            self._read = parts[0]
        else:
            values = np.concatenate([part.numbers for part in parts])
            self._read = ReadRows(parts[0].names, values, np.concatenate([part.flags for part in parts], axis=1))

    def window(self, count: int) -> slice:
        """Of the first `count` rows, those that the choice learns from."""
        last = self.choice.window.last_rows
        return slice(0 if last is None else max(0, count - last), count)

    def read(self, rows: slice) -> ReadRows:
        """What an encoder of the choice reads of some rows."""
        return self._read.part(rows.start, rows.stop)

    def weights(self, rows: slice) -> NDArray[np.float64] | None:
        """Weight of each of these rows by its age on their last day; None where the choice weighs all the same."""
        half_life = self.choice.window.half_life_days
        if self._days is None or half_life is None:
            return None
        days = self._days[rows]
        return faded((days.max() - days).astype("timedelta64[D]").astype(float), half_life)


def faded(ages: NDArray[Any], half_life: float) -> NDArray[np.float64]:
    """Weight of rows (n,) of that many days of age; one of `half_life` days counts half."""
    return np.asarray(0.5 ** (ages / half_life))


def _days(dates: pd.Series) -> NDArray[np.datetime64]:
    return pd.to_datetime(dates).to_numpy("datetime64[D]")
