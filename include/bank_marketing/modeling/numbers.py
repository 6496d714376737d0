"""The numbers of a feature set, computed as the campaign declares them. The only place where counts become rates.

A trailing rate is shrunk towards the campaign's rate so far, as a Beta prior worth `prior_rows` contacts would, and taken as a logit:
a linear model then follows the level of the market.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bank_marketing.campaign.features import FeatureSpec, Number

Floats = NDArray[np.float64]

#: Columns of the features table by name, each (n,): a table's, or plain arrays, since a single client needs no table of its own.
Columns = Mapping[str, Any] | pd.DataFrame


def numbers(table: Columns, features: FeatureSpec, feature_set: str, prior_rows: float) -> dict[str, Floats]:
    """The numbers of a feature set, one value (n,) a row of the features table. Raises KeyError for a missing column."""
    rates = _Rates(table, features, prior_rows)
    return {name: _number(table, features, number, rates) for name, number in features.numbers(feature_set).items()}


class _Rates:
    """The campaign's trailing rates, as log-odds (n,), before the day of each row."""

    def __init__(self, table: Columns, features: FeatureSpec, prior_rows: float) -> None:
        self.table, self.features, self.prior = table, features, prior_rows

    def counts(self, window: int | str, label: str = "") -> tuple[Floats, Floats]:
        """Conversions and contacts of a window (or "all"), of a segment when it has a label."""
        ending = ("all" if window == "all" else f"{window}d") + (f"_{label}" if label else "")
        return _floats(self.table[f"conversions_{ending}"]), _floats(self.table[f"contacts_{ending}"])

    @cached_property
    def so_far(self) -> Floats:
        """The campaign's rate, shrunk towards the first rate."""
        won, made = self.counts("all")
        return np.asarray((won + self.prior * self.features.first_rate) / (made + self.prior))

    def shrunk(self, window: int | str) -> Floats:
        """A window's rate, shrunk towards the campaign's so far."""
        if window == "all":
            return self.so_far
        won, made = self.counts(window)
        return np.asarray((won + self.prior * self.so_far) / (made + self.prior))

    def level(self, window: int) -> Floats:
        """A window's log-odds above those of the first rate."""
        return np.asarray(_logit(self.shrunk(window)) - _logit(np.array([self.features.first_rate]))[0])

    def segment(self, column: str) -> Floats:
        """Log-odds of the row's own segment above the campaign's, over the segment's window."""
        segment = self.features.segments[column]
        won, made = self.counts(segment.window)
        own_won, own_made = won.copy(), made.copy()
        counted = {label: self.counts(segment.window, label) for label in segment.counted}
        for part_won, part_made in counted.values():
            own_won, own_made = own_won - part_won, own_made - part_made
        for label, (part_won, part_made) in counted.items():
            mine = _among(self.table[column], segment.counted[label])
            own_won, own_made = np.where(mine, part_won, own_won), np.where(mine, part_made, own_made)
        rate = self.shrunk(segment.window)
        return _logit((own_won + segment.prior * rate) / (own_made + segment.prior)) - _logit(rate)


def _number(table: Columns, features: FeatureSpec, number: Number, rates: _Rates) -> Floats:
    if number.rate is not None:
        return _logit(rates.shrunk(number.rate))
    if number.volume is not None:
        return np.log1p(rates.counts(number.volume)[1])
    if number.segment:
        return rates.segment(number.segment)
    values = of_column(table[number.column], number)
    return values if number.times_level is None else np.asarray(values * rates.level(number.times_level))


def of_column(column: Any, number: Number) -> Floats:
    """A number (n,) of a column of the features table (n,), as it is declared."""
    if number.among:
        return _among(column, number.among).astype(float)
    values = _floats(column)
    if number.missing is not None:
        values = np.nan_to_num(values, nan=number.missing)
    if number.never:
        return np.asarray(~np.isnan(values) & ~np.isin(values, number.never), dtype=float)
    if number.above is not None:
        return (values > number.above).astype(float)
    if number.below is not None:
        return (values < number.below).astype(float)
    return _scaled(values, number)


def _scaled(values: Floats, number: Number) -> Floats:
    if number.divide is not None:
        return values / number.divide
    if number.log:
        return np.log(np.maximum(values, 1))
    if number.signed_log is not None:
        return np.asarray(np.sign(values) * np.log1p(np.abs(values) / number.signed_log))
    return np.log1p(values) if number.log1p else values


def _floats(column: Any) -> Floats:
    return np.asarray(column, dtype=float)


def _among(column: Any, categories: Sequence[str]) -> NDArray[np.bool_]:
    values = np.asarray(column, dtype=object)
    found = np.zeros(len(values), dtype=bool)
    for category in categories:
        found |= values == category
    return found


def _logit(rate: Floats) -> Floats:
    return np.asarray(np.log(rate / (1 - rate)))
