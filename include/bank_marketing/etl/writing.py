"""Cleaning landed files into a stage, and counting what was written there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from bank_marketing.artifacts import Stage
from bank_marketing.contract import Column, Contract
from bank_marketing.contract.spark import clean_schema
from bank_marketing.etl.cleaning import REJECTED, judged_rows, warning_name
from bank_marketing.etl.judging import warnings, with_days
from bank_marketing.etl.quarantine import EXAMPLES
from bank_marketing.etl.reading import read_landed
from bank_marketing.etl.settling import Tally, empty_tally, settle

#: Folder of the stage with all rows, as Spark judged them.
JUDGED = "judged"


def write_days(
    spark: SparkSession, files: Mapping[date, Path], columns: tuple[Column, ...], contract: Contract, stage: Stage, folder: str
) -> dict[date, Tally]:
    """Clean landed files into a stage: `<folder>/<day>/part-0.parquet` with typed rows, `rejected/` beside with all others and why.

    Spark reads each file once and judges each row where it is read, a huge file in many tasks; `settle` does the rest.

    Args:
        spark: the session.
        files: contacts file, or call list, of each day.
        columns: of the files.
        contract: what rows must keep.
        stage: where to write.
        folder: of the stage.

    Returns:
        For each day what `settle` counted.
    """
    raw, rules = with_days(read_landed(spark, list(files.values()), columns, contract), contract, files, spark)
    judged_rows(raw, columns, rules).write.parquet(f"{stage.uri}/{JUDGED}")
    stage.number_parts(JUDGED)
    parts = sorted((stage.path / JUDGED).glob("part-*"))
    warned = {rule: warning_name(place) for place, rule in enumerate(warnings(columns, contract))}
    found = settle(parts, stage.path / folder, clean_schema(columns).names, warned)
    return {day: found.get(day, empty_tally()) for day in files}


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
