"""Columns that were tried beyond the features table: point-in-time, and made for experiments only.

What wins here moves into the features that Spark makes (`etl/features.py`), so that batch scoring and the service have it too, as the
channel's trailing rate did. docs/model.md has the figures.

Each block takes the whole table in time order. A row's columns use the day's own list (known the evening before) and the outcomes of
earlier contact days only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bank_marketing.campaign.features import FeatureSpec

#: Segments whose own trailing rate may say more than the campaign's. The channel's did, and is a feature now.
SEGMENTS = ("poutcome", "job")

#: Contact days after which an outcome counts half.
HALF_LIVES = (2, 10, 60)

#: Contacts that the prior of a segment's rate is worth.
SEGMENT_PRIOR = 20.0

#: Days after which the bank knows a figure for certain: monthly ones appear in the middle of the next month, quarterly ones two months
#: later.
PUBLISHED_AFTER = {"cons_price_idx": 50, "cons_conf_idx": 50, "emp_var_rate": 150, "nr_employed": 150}

DAY = "contact_date"

#: Rate before anybody was called.
FIRST_RATE = 0.1


def _logit(rate: Any) -> Any:
    return np.log(rate / (1 - rate))


def _daily(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Columns made and won, one row a contact day (or a day and segment)."""
    return table.groupby(by, observed=True)["y"].agg(["size", "sum"]).set_axis(["made", "won"], axis=1)


def segments(table: pd.DataFrame) -> pd.DataFrame:
    """Trailing 20-day rate of the row's own segment against the campaign's: the difference of their logits."""
    days = np.sort(table[DAY].unique())
    campaign = _earlier(_daily(table, [DAY]).reindex(days))
    overall = (campaign["won"] + 5 * FIRST_RATE) / (campaign["made"] + 5)
    found = {}
    for name in SEGMENTS:
        counts: Any = _daily(table, [DAY, name]).unstack(name).reindex(days).fillna(0)
        made, won = _earlier(counts["made"]), _earlier(counts["won"])
        rate = won.add(overall * SEGMENT_PRIOR, axis=0) / (made + SEGMENT_PRIOR)
        flat = _logit(rate).sub(_logit(overall), axis=0).stack()
        found[f"segment_{name}"] = flat.reindex(pd.MultiIndex.from_arrays([table[DAY], table[name].astype(str)])).to_numpy(
            float
        )
    return pd.DataFrame(found, index=table.index)


def _earlier(counts: pd.DataFrame, window: int = 20) -> pd.DataFrame:
    """Sums over the `window` contact days before each."""
    return counts.shift(1).rolling(window, min_periods=1).sum().fillna(0)


def half_lives(table: pd.DataFrame) -> pd.DataFrame:
    """Logits of conversion rates whose outcomes fade with a half-life, in contact days."""
    daily = _daily(table, [DAY])
    found = {}
    for days in HALF_LIVES:
        faded = daily.shift(1).fillna(0).ewm(halflife=days, adjust=True).mean() / (1 - 0.5 ** (1 / days))
        found[f"half_life_{days}"] = table[DAY].map(_as_logit(faded))
    return pd.DataFrame(found, index=table.index).astype(float)


def _as_logit(faded: pd.DataFrame) -> pd.Series[float]:
    rate: pd.Series[float] = _logit((faded["won"] + 5 * FIRST_RATE) / (faded["made"] + 5))
    return rate


def list_mix(table: pd.DataFrame) -> pd.DataFrame:
    """Who else is on the day's list: shares of the met before, of successes, mobile phones, repeated calls, the old and young."""
    kinds = pd.DataFrame(
        {
            "mix_met_before": table["previous"] > 0,
            "mix_success": table["poutcome"] == "success",
            "mix_cellular": table["contact"] == "cellular",
            "mix_repeated": table["campaign"] > 1,
            "mix_old_or_young": (table["age"] > 60) | (table["age"] < 25),
        }
    )
    daily = kinds.groupby(table[DAY]).agg(["sum", "size"])
    return pd.DataFrame(
        # Shrunken towards a half by two rows: a list of three clients says little.
        {name: table[DAY].map((daily[name]["sum"] + 1) / (daily[name]["size"] + 2)) for name in kinds},
        index=table.index,
    ).astype(float)


def market_moves(table: pd.DataFrame) -> pd.DataFrame:
    """Change of the day's Euribor over 5 and 20 contact days, and the gap since the last contact day."""
    daily = table.groupby(DAY)["euribor3m"].first()
    found = {f"euribor_change_{n}": table[DAY].map(daily.diff(n).fillna(0)) for n in (5, 20)}
    gap = np.log1p(table["days_since_last_contact_day"].fillna(1).to_numpy(float))
    return pd.DataFrame(found | {"gap": gap}, index=table.index).astype(float)


def lagged_macro(table: pd.DataFrame) -> pd.DataFrame:
    """The macro figures as the bank knew them: those of the last contact day that lies long enough in the past; the first day's before."""
    daily = table.groupby(DAY)[list(PUBLISHED_AFTER)].first()
    days = pd.to_datetime(daily.index)
    found = {}
    for name, lag in PUBLISHED_AFTER.items():
        place = np.searchsorted(days, days - pd.Timedelta(days=lag), side="right") - 1
        known = daily[name].to_numpy(float)[np.maximum(place, 0)]
        found[f"lagged_{name}"] = table[DAY].map(pd.Series(known, index=daily.index))
    return pd.DataFrame(found, index=table.index).astype(float)


@dataclass(frozen=True)
class Block:
    """Columns that were tried together.

    Attributes:
        columns: their names.
        reads: attributes of a contact that they are made of; a campaign without one of them cannot try the block.
        make: makes them of the table in time order.
    """

    columns: tuple[str, ...]
    reads: tuple[str, ...]
    make: Callable[[pd.DataFrame], pd.DataFrame]


BLOCKS: dict[str, Block] = {
    "segment rates": Block(tuple(f"segment_{name}" for name in SEGMENTS), SEGMENTS, segments),
    "half-lives": Block(tuple(f"half_life_{days}" for days in HALF_LIVES), (), half_lives),
    "list mix": Block(
        ("mix_met_before", "mix_success", "mix_cellular", "mix_repeated", "mix_old_or_young"),
        ("previous", "poutcome", "contact", "campaign", "age"),
        list_mix,
    ),
    "market moves": Block(("euribor_change_5", "euribor_change_20", "gap"), ("euribor3m",), market_moves),
    "lagged macro": Block(tuple(f"lagged_{name}" for name in PUBLISHED_AFTER), tuple(PUBLISHED_AFTER), lagged_macro),
}


def blocks(spec: FeatureSpec) -> dict[str, Block]:
    """The blocks that a campaign has the columns for."""
    return {name: block for name, block in BLOCKS.items() if set(block.reads) <= set(spec.attributes)}


def with_tried_columns(table: pd.DataFrame, spec: FeatureSpec) -> pd.DataFrame:
    """The table in time order, with the columns of all blocks that the campaign can try."""
    return pd.concat([table, *(block.make(table) for block in blocks(spec).values())], axis=1)
