"""Cleaning landed files into a stage, and counting what was written there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from bank_marketing.contract import Contract
from bank_marketing.contract.spark import clean_schema
from bank_marketing.etl.cleaning import CLEAN, DUPLICATE, REJECTED, SUPERSEDED, good_rows, left_out
from bank_marketing.etl.judging import warnings, with_days
from bank_marketing.etl.reading import literal, read_landed
from bank_marketing.etl.repeated import days_of, last_rows, repeated_contacts

#: Row numbers that a message shows for each broken rule.
EXAMPLES = 5

#: Folders of the stage; `SETTLED` has the days of `ALL_GOOD` in which a contact stood more than once.
ALL_GOOD, SETTLED, LEFT_OUT = "clean", "settled", "rejected"

Tally = dict[str, Any]


def write_days(
    spark: SparkSession, files: Mapping[date, Path], rows: Mapping[date, int], contract: Contract, uri: str
) -> dict[date, Tally]:
    """Clean landed files into Parquet below `uri`: `<folder>/dt=…` with typed rows, `rejected/dt=…` with what was left out and why.

    Rows keep the order of their file, so that the same input gives the same bytes. A file is read a second time only when not all
    of its rows are clean.

    Args:
        spark: the session.
        files: contacts file of each day.
        rows: how many data rows each has, counted without Spark.
        contract: what rows must keep.
        uri: an empty folder.

    Returns:
        For each day what `tally` counts, its clean rows as they were read back, `warnings` (rule -> rows) and `folder`.
    """
    days = {day: _empty() for day in files}
    raw, rules = with_days(read_landed(spark, list(files.values()), contract.columns, contract), contract, files, spark)
    _write_clean(good_rows(raw, contract.columns, rules), f"{uri}/{ALL_GOOD}")
    clean = _written(spark, f"{uri}/{ALL_GOOD}", contract)
    _enter(days, count_clean(clean, contract), ALL_GOOD)
    repeated = repeated_contacts(clean).persist()
    try:
        twice = days_of(repeated)
        if twice:
            _write_clean(last_rows(clean.where(f.col("contact_date").isin(twice)), repeated), f"{uri}/{SETTLED}")
            _enter(days, count_clean(_written(spark, f"{uri}/{SETTLED}", contract), contract), SETTLED)
        short = [day for day in files if days[day][CLEAN] != rows[day]]
        if short:
            again = read_landed(spark, [files[day] for day in short], contract.columns, contract)
            again, rules = with_days(again, contract, short, spark)
            _write_left_out(left_out(again, contract.columns, rules, repeated), f"{uri}/{LEFT_OUT}")
            _count_left_out(spark, f"{uri}/{LEFT_OUT}", days)
    finally:
        repeated.unpersist()
    return days


def count_clean(clean: DataFrame, contract: Contract) -> dict[date, Tally]:
    """The clean rows of each day, and how many of them break a rule that only warns."""
    broken = warnings(contract.columns, contract)
    counts = {f"_{place}": f.count_if(condition) for place, condition in enumerate(broken.values())}
    days = clean.groupBy("contact_date").agg(f.count("*").alias(CLEAN), *(count.alias(name) for name, count in counts.items()))
    return {
        row["contact_date"]: {
            CLEAN: row[CLEAN],
            "warnings": {rule: row[f"_{place}"] for place, rule in enumerate(broken) if row[f"_{place}"]},
        }
        for row in days.collect()
    }


def tally(rows: DataFrame) -> dict[date, Tally]:
    """Count judged rows by day.

    Returns:
        For each day the number of rows of each status, and `breaches` (rule -> rows, example row numbers, one detail).
    """
    days: dict[date, Tally] = {}
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
    return days


def _empty() -> Tally:
    return {CLEAN: 0, REJECTED: 0, DUPLICATE: 0, SUPERSEDED: 0, "breaches": {}, "warnings": {}, "folder": ALL_GOOD}


def _enter(days: dict[date, Tally], counted: Mapping[date, Tally], folder: str) -> None:
    for day, counts in counted.items():
        days[day] |= counts | {"folder": folder}


def _write_clean(rows: DataFrame, uri: str) -> None:
    """Write rows where they are: no row is moved or sorted, and a huge day is written by many tasks."""
    rows.withColumn("dt", f.col("contact_date")).write.partitionBy("dt").parquet(uri)


def _written(spark: SparkSession, uri: str, contract: Contract) -> DataFrame:
    return spark.read.schema(clean_schema(contract.columns)).parquet(literal(uri))


def _write_left_out(rows: DataFrame, uri: str) -> None:
    ordered = rows.withColumn("dt", f.col("contact_date")).repartition("dt").sortWithinPartitions("dt", "source_row")
    ordered.select("dt", "source_row", "contact_id", "status", "breaches", "raw").write.partitionBy("dt").parquet(uri)


def _count_left_out(spark: SparkSession, uri: str, days: dict[date, Tally]) -> None:
    rows = spark.read.parquet(literal(uri)).withColumn("contact_date", f.col("dt").cast("date"))
    for day, counts in tally(rows).items():
        days[day] |= {name: counts[name] for name in (REJECTED, DUPLICATE, SUPERSEDED, "breaches")}
