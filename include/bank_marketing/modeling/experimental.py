"""Columns that a search tries beyond the features table, as the campaign declares them: point-in-time, and made for experiments only.

What wins here moves into the features that Spark makes (`etl/features.py`), so that batch scoring and the service have it too.

Each column takes the whole table in time order. A row's value uses the day's own list (known the evening before) and the outcomes of
earlier contact days only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bank_marketing.campaign.features import ExperimentalColumn, FeatureSpec
from bank_marketing.modeling.numbers import Floats, of_column

#: Contact days over which a segment's own rate is taken, and contacts that its prior is worth.
SEGMENT_WINDOW, SEGMENT_PRIOR = 20, 20.0

#: Contacts that the prior of a rate of the whole campaign is worth.
PRIOR = 5

DAY = "contact_date"


def with_experimental_columns(table: pd.DataFrame, spec: FeatureSpec) -> pd.DataFrame:
    """The table in time order, with the columns of all blocks that the campaign declares as experimental."""
    made = {name: _made(table, spec, one) for block in spec.experimental.values() for name, one in block.items()}
    return pd.concat([table, pd.DataFrame(made, index=table.index).astype(float)], axis=1)


def _made(table: pd.DataFrame, spec: FeatureSpec, column: ExperimentalColumn) -> Any:
    """Values (n,) of one column."""
    if column.segment:
        return _segment(table, column.segment, spec.first_rate)
    if column.half_life is not None:
        return _fading(table, column.half_life, spec.first_rate)
    if column.share:
        return _share(table, column)
    if column.change_of:
        daily = table.groupby(DAY)[column.change_of].first()
        return table[DAY].map(daily.diff(column.days).fillna(0))
    if column.published:
        return _published(table, column.published, column.days)
    assert column.number is not None, "a campaign is checked when it is loaded"
    return of_column(table[column.number.column], column.number)


def _logit(rate: Any) -> Any:
    return np.log(rate / (1 - rate))


def _daily(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Columns made and won, one row a contact day (or a day and segment)."""
    return table.groupby(by, observed=True)["y"].agg(["size", "sum"]).set_axis(["made", "won"], axis=1)


def _earlier(counts: pd.DataFrame) -> pd.DataFrame:
    """Sums over the contact days of the window before each."""
    return counts.shift(1).rolling(SEGMENT_WINDOW, min_periods=1).sum().fillna(0)


def _segment(table: pd.DataFrame, name: str, first_rate: float) -> Floats:
    """Trailing rate of the row's own segment against the campaign's: the difference of their logits."""
    days = np.sort(table[DAY].unique())
    campaign = _earlier(_daily(table, [DAY]).reindex(days))
    overall = (campaign["won"] + PRIOR * first_rate) / (campaign["made"] + PRIOR)
    counts: Any = _daily(table, [DAY, name]).unstack(name).reindex(days).fillna(0)
    made, won = _earlier(counts["made"]), _earlier(counts["won"])
    rate = won.add(overall * SEGMENT_PRIOR, axis=0) / (made + SEGMENT_PRIOR)
    flat = _logit(rate).sub(_logit(overall), axis=0).stack()
    found: Floats = flat.reindex(pd.MultiIndex.from_arrays([table[DAY], table[name].astype(str)])).to_numpy(float)
    return found


def _fading(table: pd.DataFrame, half_life: float, first_rate: float) -> Any:
    """Logit of the conversion rate whose outcomes count half after so many contact days."""
    daily = _daily(table, [DAY])
    faded = daily.shift(1).fillna(0).ewm(halflife=half_life, adjust=True).mean() / (1 - 0.5 ** (1 / half_life))
    return table[DAY].map(_logit((faded["won"] + PRIOR * first_rate) / (faded["made"] + PRIOR)))


def _share(table: pd.DataFrame, column: ExperimentalColumn) -> Any:
    """Who else is on the day's list: the share of those for whom one of the flags is 1."""
    flags = np.any([of_column(table[flag.column], flag) > 0 for flag in column.share], axis=0)
    daily = pd.Series(flags, index=table.index).groupby(table[DAY]).agg(["sum", "size"])
    # Shrunken towards a half by two rows: a list of three clients says little.
    return table[DAY].map((daily["sum"] + 1) / (daily["size"] + 2))


def _published(table: pd.DataFrame, name: str, lag: int) -> Any:
    """A figure as the bank knew it: that of the last contact day at least `lag` days in the past; the first day's before."""
    daily = table.groupby(DAY)[name].first()
    days = pd.to_datetime(daily.index)
    place = np.searchsorted(days, days - pd.Timedelta(days=lag), side="right") - 1
    known = daily.to_numpy(float)[np.maximum(place, 0)]
    return table[DAY].map(pd.Series(known, index=daily.index))
