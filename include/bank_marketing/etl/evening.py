"""The campaign's counts as one evening knows them, from a few rows: what `etl/features.py` counts for all of history on Spark."""

from __future__ import annotations

import pandas as pd

from bank_marketing.campaign.features import FeatureSpec


def counts_of_evening(rows: pd.DataFrame, features: FeatureSpec) -> dict[str, int]:
    """The trailing counts of the day after the last one in `rows`.

    Args:
        rows: contacts of all contact days so far: contact_date, y (0 or 1) and the columns of the segments.
        features: the campaign's declaration.

    Returns:
        One number a count of the declaration.
    """
    days = pd.Index(sorted(rows["contact_date"].unique()))
    parts = {label: rows[rows[column].isin(categories)] for label, (column, categories) in features.counted.items()}
    daily: dict[str, pd.Series[int]] = {}
    for label, part in {"": rows, **parts}.items():
        outcomes = part.groupby("contact_date")["y"].agg(["size", "sum"]).reindex(days, fill_value=0)
        ending = f"_{label}" if label else ""
        daily |= {f"contacts{ending}": outcomes["size"], f"conversions{ending}": outcomes["sum"]}
    return {
        count.name: int((daily[count.daily] if count.window is None else daily[count.daily].tail(count.window)).sum())
        for count in features.counts
    }
