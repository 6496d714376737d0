"""Writing judged rows by day, and counting them."""

from __future__ import annotations

from datetime import date
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as f

from bank_marketing.etl.cleaning import CLEAN, DUPLICATE, REJECTED, SUPERSEDED

#: Row numbers that a message shows for each broken rule.
EXAMPLES = 5


def write_by_day(rows: DataFrame, uri: str) -> None:
    """Write one Parquet file a contact day: `uri/clean/dt=…` with typed rows, `uri/rejected/dt=…` with what was left out and why.

    Rows keep the order of their file, so that the same input gives the same bytes.
    """
    ordered = rows.withColumn("dt", f.col("contact_date")).repartition("dt").sortWithinPartitions("dt", "source_row")
    clean = ordered.where(f.col("status") == CLEAN).drop("source_row", "status", "breaches", "warnings", "raw")
    rejected = ordered.where(f.col("status") != CLEAN).select("dt", "source_row", "contact_id", "status", "breaches", "raw")
    for name, part in (("clean", clean), ("rejected", rejected)):
        part.write.partitionBy("dt").parquet(f"{uri}/{name}")


def tally(rows: DataFrame) -> dict[date, dict[str, Any]]:
    """Count the rows of `clean_rows` by day.

    Returns:
        For each day the number of rows of each status, `breaches` (rule -> rows, example row numbers, one detail) and `warnings`
        (rule -> rows).
    """
    days: dict[date, dict[str, Any]] = {}
    for row in rows.groupBy("contact_date", "status").count().collect():
        day = days.setdefault(row["contact_date"], _empty())
        day[row["status"]] = row["count"]
    broken = rows.where(f.col("status") == REJECTED).select("contact_date", "source_row", f.explode("breaches").alias("breach"))
    by_rule = broken.groupBy("contact_date", "breach.rule").agg(
        f.count("*").alias("rows"),
        f.slice(f.sort_array(f.collect_list("source_row")), 1, EXAMPLES).alias("examples"),
        f.min_by("breach.detail", "source_row").alias("detail"),
    )
    for row in by_rule.collect():
        days[row["contact_date"]]["breaches"][row["rule"]] = {
            "rows": row["rows"],
            "examples": list(row["examples"]),
            "detail": row["detail"],
        }
    warned = rows.where(f.col("status") == CLEAN).select("contact_date", f.explode("warnings").alias("rule"))
    for row in warned.groupBy("contact_date", "rule").count().collect():
        days[row["contact_date"]]["warnings"][row["rule"]] = row["count"]
    return days


def _empty() -> dict[str, Any]:
    return {CLEAN: 0, REJECTED: 0, DUPLICATE: 0, SUPERSEDED: 0, "breaches": {}, "warnings": {}}
