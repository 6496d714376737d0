"""Cleaning landed files into a stage, and counting what was written there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from pyspark.sql import SparkSession

from bank_marketing.artifacts import Stage
from bank_marketing.contract import Column, Contract
from bank_marketing.contract.spark import clean_schema
from bank_marketing.etl.cleaning import RAW, judged_rows, warning_name
from bank_marketing.etl.judging import warnings, with_days
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
    # Read once and thrown away: what would make these files small costs more than they do.
    quick = {"compression": "lz4_raw", f"parquet.enable.dictionary#{RAW}": "false"}
    judged_rows(raw, columns, rules).write.options(**quick).parquet(f"{stage.uri}/{JUDGED}")
    stage.number_parts(JUDGED)
    parts = sorted((stage.path / JUDGED).glob("part-*"))
    warned = {rule: warning_name(place) for place, rule in enumerate(warnings(columns, contract))}
    found = settle(parts, stage.path / folder, clean_schema(columns).names, warned)
    return {day: found.get(day, empty_tally()) for day in files}
