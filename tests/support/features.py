"""A features artifact with a known signal, made without Spark: for tests of what comes after it."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.components.context import RunContext
from bank_marketing.economics import Economics
from tests.support.campaign import CONTRACT

FIRST_DAY = date(2009, 1, 5)

#: Prices that are nobody's default: what does not get them shows.
PRICES = Economics(call_cost=7.0, deposit_margin=45.0)


def features_table(days: int = 120, rows_a_day: int = 30, *, seed: int = 1, signal: float = 1.5) -> pd.DataFrame:
    """Contacts of which retired cellular clients subscribe more often, in the shape of the features table."""
    generator = np.random.default_rng(seed)
    n = days * rows_a_day
    contract = CONTRACT
    table = pd.DataFrame({"contact_id": [f"T{i:05d}" for i in range(n)]})
    table["contact_date"] = np.repeat([FIRST_DAY + timedelta(days=i) for i in range(days)], rows_a_day)
    for column in contract.attributes:
        if column.categories:
            table[column.name] = generator.choice(list(column.categories), n)
        elif column.type == "integer":
            table[column.name] = generator.integers(int(column.min or 0), min(int(column.max or 1), 90), n).astype("int32")
        else:
            table[column.name] = 1.0
    score = signal * ((table["job"] == "retired") + (table["contact"] == "cellular") - 0.5) - 1.0
    table["y"] = (generator.random(n) < 1 / (1 + np.exp(-score))).astype("int32")
    table = with_history(table)
    table["list_size"] = rows_a_day
    table["days_since_last_contact_day"] = 1
    part = np.select([np.arange(n) < 0.6 * n, np.arange(n) < 0.8 * n], ["train", "validation"], "holdout")
    return table.assign(split=part)


def with_history(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the campaign's counts that its own outcomes give: contacts and conversions of the contact days before each row's."""
    counted = table.copy()
    by_day = counted.groupby("contact_date")["y"].agg(["size", "sum"])
    for window in (1, 5, 20, 10_000):
        name = "all" if window == 10_000 else f"{window}d"
        earlier = by_day.shift(1).rolling(window, min_periods=1).sum().fillna(0).astype("int64")
        counted[f"contacts_{name}"] = counted["contact_date"].map(earlier["size"])
        counted[f"conversions_{name}"] = counted["contact_date"].map(earlier["sum"])
    mobile = counted["y"].where(counted["contact"] == "cellular").groupby(counted["contact_date"]).agg(["count", "sum"])
    earlier = mobile.shift(1).rolling(20, min_periods=1).sum().fillna(0).astype("int64")
    counted["contacts_20d_cellular"] = counted["contact_date"].map(earlier["count"])
    counted["conversions_20d_cellular"] = counted["contact_date"].map(earlier["sum"])
    return counted


def publish_features(table: pd.DataFrame, context: RunContext, *, synthetic: bool = False) -> ArtifactRef:
    """Publish a table as the artifact of transform_data."""
    with context.stage() as stage:
        (stage.path / "features").mkdir()
        table.to_parquet(stage.path / "features" / "part-0.parquet", index=False)
        details = {"split": {}, "campaign_state": {}, "synthetic": synthetic}
        rows = {"rows": len(table), **table["split"].value_counts().to_dict()}
        return context.publish(stage, "transform_data", "features", rows=rows, details=details).ref
