"""What becomes of landed rows by Spark's windows alone: slower than `settle`, and written another way, to compare it with."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as f

from bank_marketing.contract import Column, Contract
from bank_marketing.etl.cleaning import CONTENT, GOOD, RAW, REJECTED, _content, _line
from bank_marketing.etl.judging import breaches, is_good, text_of, typed
from bank_marketing.etl.quarantine import EXAMPLES
from bank_marketing.etl.reading import BLOCK
from bank_marketing.etl.settling import Tally, empty_tally

_ORDER = "_order"


def clean_rows(raw: DataFrame, columns: tuple[Column, ...], contract: Contract) -> DataFrame:
    """All rows of `read_landed`, judged and settled.

    A row is rejected when its line or a cell does not parse, a cell is missing, or a critical rule of the contract is broken. Of
    the remaining rows of one file with the same contact_id the last one stands: the others are `duplicate` when they are equal to
    it, else `superseded`.

    Returns:
        contact_id, contact_date, the other columns typed, `source_row`, `status` (clean, rejected, duplicate, superseded),
        `breaches` (array of rule and detail; why it was rejected) and `raw` (the row as text).
    """
    names = [column.name for column in columns]
    rows = number_rows(typed(in_order(raw), columns)).withColumn(GOOD, is_good(columns, contract))
    same_contact = Window.partitionBy("contact_date", GOOD, text_of("contact_id")).orderBy(f.col("source_row").desc())
    status = (
        f.when(~f.col(GOOD), REJECTED)
        .when(f.col("_rank") == 1, "clean")
        .when(f.col(CONTENT) == f.col("_last"), "duplicate")
        .otherwise("superseded")
    )
    settled = (
        rows.withColumn(RAW, _line(names, contract))
        .withColumn(CONTENT, _content(names))
        .withColumn("_rank", f.row_number().over(same_contact))
        .withColumn("_last", f.first(CONTENT).over(same_contact))
        .withColumn("status", status)
        .withColumn("breaches", f.filter(breaches(columns, contract), lambda entry: entry.isNotNull()))
    )
    return settled.select("contact_id", "contact_date", *names[1:], "source_row", "status", "breaches", RAW)


def in_order(raw: DataFrame) -> DataFrame:
    """Rows of `read_landed` with a number that grows within a part of a file."""
    return raw.withColumn(_ORDER, f.monotonically_increasing_id())


def number_rows(raw: DataFrame) -> DataFrame:
    """Give rows of `in_order` their place in their file, `source_row`: 1 for the first data row.

    All rows are sorted for that, each part of a file by itself.
    """
    block = Window.partitionBy("contact_date", BLOCK)
    numbered = raw.withColumns(
        {"_place": f.row_number().over(block.orderBy(_ORDER)), "_rows": f.count(f.lit(1)).over(block)},
    )
    earlier = Window.partitionBy("contact_date").orderBy(BLOCK).rangeBetween(Window.unboundedPreceding, -1)
    before = f.coalesce(f.sum(f.when(f.col("_place") == 1, f.col("_rows"))).over(earlier), f.lit(0))
    placed = numbered.withColumn("source_row", (f.col("_place") + before).cast("int"))
    return placed.drop(BLOCK, _ORDER, "_place", "_rows")


def tally(rows: DataFrame) -> dict[date, Tally]:
    """Count judged rows by day.

    Returns:
        For each day the number of rows of each status, and `breaches` (rule -> rows, example row numbers, one detail).
    """
    days: dict[date, Tally] = {}
    for row in rows.groupBy("contact_date", "status").count().collect():
        day = days.setdefault(row["contact_date"], empty_tally())
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
    return days
