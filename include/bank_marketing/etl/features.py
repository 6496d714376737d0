"""Point-in-time features: what the bank knew on the evening before a contact, and nothing of the day itself or later.

Only counts are made here. Rates, shrinkage and encodings belong to the model (`modeling/encoding.py`), so that training, batch scoring and
the service cannot differ in them.
"""

from __future__ import annotations

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as f

from bank_marketing.contract import Contract

#: Trailing windows, in contact days: yesterday, a week, a month of calls.
WINDOWS = (1, 5, 20)

#: The calls of a month to mobile phones; those to landlines are the rest.
CHANNEL_WINDOW = 20
CHANNEL_COUNTS = (f"contacts_{CHANNEL_WINDOW}d_cellular", f"conversions_{CHANNEL_WINDOW}d_cellular")

COUNTS = (*(f"{what}_{window}d" for window in WINDOWS for what in ("contacts", "conversions")), *CHANNEL_COUNTS)
TOTALS = ("contacts_all", "conversions_all")
CAMPAIGN_COLUMNS = (*COUNTS, *TOTALS, "list_size", "days_since_last_contact_day")


def daily_outcomes(contacts: DataFrame, list_sizes: DataFrame) -> DataFrame:
    """One row a contact day: contact_date, contacts, conversions, the same of mobile phones (`_cellular`), list_size.

    Args:
        contacts: clean contacts with `contact_date` and `y`.
        list_sizes: `contact_date` and `list_size`, the rows of that day's own call list, known the evening before.
    """
    cellular = f.col("contact") == "cellular"
    outcomes = contacts.groupBy("contact_date").agg(
        f.count("*").cast("long").alias("contacts"),
        f.sum("y").cast("long").alias("conversions"),
        f.count_if(cellular).cast("long").alias("contacts_cellular"),
        f.count_if(cellular & (f.col("y") == 1)).cast("long").alias("conversions_cellular"),
    )
    return outcomes.join(f.broadcast(list_sizes), "contact_date", "left").select(
        *outcomes.columns, f.coalesce("list_size", "contacts").alias("list_size")
    )


def campaign_history(days: DataFrame) -> DataFrame:
    """For each contact day, the campaign's counts over earlier contact days only: contact_date and CAMPAIGN_COLUMNS.

    A day may be a coming one: its contacts and conversions are null there and are never read for its own row.
    """
    by_day = Window.orderBy("contact_date")

    def before(column: str, window: int | None) -> SparkColumn:
        start = Window.unboundedPreceding if window is None else -window
        return f.coalesce(f.sum(column).over(by_day.rowsBetween(start, -1)), f.lit(0)).cast("long")

    counts = [before(what, window).alias(f"{what}_{window}d") for window in WINDOWS for what in ("contacts", "conversions")]
    channel = [
        before(f"{what}_cellular", CHANNEL_WINDOW).alias(name)
        for what, name in zip(("contacts", "conversions"), CHANNEL_COUNTS, strict=True)
    ]
    totals = [before(what, None).alias(f"{what}_all") for what in ("contacts", "conversions")]
    gap = f.datediff("contact_date", f.lag("contact_date").over(by_day)).cast("long")
    return days.select(
        "contact_date",
        *counts,
        *channel,
        *totals,
        f.col("list_size").cast("long"),
        gap.alias("days_since_last_contact_day"),
    )


def build_features(contacts: DataFrame, history: DataFrame, contract: Contract) -> DataFrame:
    """Join each contact with the history of its day.

    Returns:
        contact_id, contact_date, `y` when `contacts` has it, the contract's attributes (never `duration`) and CAMPAIGN_COLUMNS.
    """
    attributes = [column.name for column in contract.attributes]
    outcome = ["y"] if "y" in contacts.columns else []
    return contacts.select("contact_id", "contact_date", *outcome, *attributes).join(
        f.broadcast(history), "contact_date", "left"
    )
