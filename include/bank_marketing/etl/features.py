"""Point-in-time features: what the bank knew on the evening before a contact, and nothing of the day itself or later.

Only the counts that the campaign declares are made here; `etl/evening.py` has them of a single evening. Rates, shrinkage and encodings
belong to the model (`modeling/numbers.py`), so that training, batch scoring and the service cannot differ in them.
"""

from __future__ import annotations

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as f

from bank_marketing.campaign.features import GAP, LIST_SIZE, FeatureSpec
from bank_marketing.contract import Contract


def daily_outcomes(contacts: DataFrame, list_sizes: DataFrame, features: FeatureSpec) -> DataFrame:
    """One row a contact day: contact_date, contacts, conversions, the same of each counted segment (`contacts_…`), list_size.

    Args:
        contacts: clean contacts with `contact_date` and `y`.
        list_sizes: `contact_date` and `list_size`, the rows of that day's own call list, known the evening before.
        features: the campaign's declaration.
    """
    parts = []
    for label, (column, categories) in features.counted.items():
        counted = f.col(column).isin(*categories)
        parts.append(f.count_if(counted).cast("long").alias(f"contacts_{label}"))
        parts.append(f.count_if(counted & (f.col("y") == 1)).cast("long").alias(f"conversions_{label}"))
    outcomes = contacts.groupBy("contact_date").agg(
        f.count("*").cast("long").alias("contacts"), f.sum("y").cast("long").alias("conversions"), *parts
    )
    return outcomes.join(f.broadcast(list_sizes), "contact_date", "left").select(
        *outcomes.columns, f.coalesce(LIST_SIZE, "contacts").alias(LIST_SIZE)
    )


def campaign_history(days: DataFrame, features: FeatureSpec) -> DataFrame:
    """For each contact day, the declared counts over earlier contact days only: contact_date and the campaign's columns.

    A day may be a coming one: its contacts and conversions are null there and are never read for its own row.
    """
    by_day = Window.orderBy("contact_date")

    def before(column: str, window: int | None) -> SparkColumn:
        start = Window.unboundedPreceding if window is None else -window
        return f.coalesce(f.sum(column).over(by_day.rowsBetween(start, -1)), f.lit(0)).cast("long")

    gap = f.datediff("contact_date", f.lag("contact_date").over(by_day)).cast("long")
    return days.select(
        "contact_date",
        *(before(count.daily, count.window).alias(count.name) for count in features.counts),
        f.col(LIST_SIZE).cast("long"),
        gap.alias(GAP),
    )


def build_features(contacts: DataFrame, history: DataFrame, contract: Contract) -> DataFrame:
    """Join each contact with the history of its day.

    Returns:
        contact_id, contact_date, `y` when `contacts` has it, the contract's attributes and the campaign's columns; never what is
        known only after the call.
    """
    attributes = [column.name for column in contract.attributes]
    outcome = ["y"] if "y" in contacts.columns else []
    return contacts.select("contact_id", "contact_date", *outcome, *attributes).join(
        f.broadcast(history), "contact_date", "left"
    )
