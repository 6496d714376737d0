"""Spark reads the files that were inspected, whatever they and the folders above them are called."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from bank_marketing.errors import ConfigError
from bank_marketing.etl.reading import literal, read_landed
from tests.support.campaign import CONTRACT
from tests.support.landed import contact, lines, write_contacts

DAY = date(2010, 6, 30)

#: Folders above a landing zone, in Spark's pattern language or named as a day is.
ZONES = ("zone[1]", "{a,b}", "what?", "st*r", "_hidden", ".hidden", "back\\slash", "per%20cent", "dt=2001-01-01", "up/../down")


def read(spark: SparkSession, *paths: Path) -> list[tuple[str, date]]:
    rows = read_landed(spark, paths, CONTRACT.columns, CONTRACT).collect()
    return [(row.contact_id, row.contact_date) for row in rows]


@pytest.mark.parametrize("zone", ZONES)
def test_a_zone_below_any_folder_is_read_and_has_its_own_day(spark: SparkSession, tmp_path: Path, zone: str) -> None:
    (tmp_path / zone.split("/")[0]).mkdir(exist_ok=True)
    path = write_contacts(tmp_path / zone, DAY, lines([contact(1, DAY), contact(2, DAY)]))
    assert read(spark, path) == [("T00001", DAY), ("T00002", DAY)]


@pytest.mark.parametrize(("name", "other"), [("list[1].csv", "list1.csv"), ("l*.csv", "list.csv"), ("{a,b}.csv", "a.csv")])
def test_a_file_is_read_and_not_the_one_that_its_name_matches(
    spark: SparkSession, tmp_path: Path, name: str, other: str
) -> None:
    shutil.move(write_contacts(tmp_path, DAY, lines([contact(7, DAY)])), tmp_path / name)
    shutil.move(write_contacts(tmp_path, DAY, lines([contact(8, DAY)])), tmp_path / other)
    assert [found for found, _ in read(spark, tmp_path / name)] == ["T00007"]


@pytest.mark.parametrize("name", ["_export.csv", ".export.csv"])
def test_a_file_that_spark_would_leave_out_is_refused_by_name(spark: SparkSession, tmp_path: Path, name: str) -> None:
    good = write_contacts(tmp_path, DAY, lines([contact(7, DAY)]))
    shutil.copy(good, tmp_path / name)
    with pytest.raises(ConfigError, match=name):
        read(spark, good, tmp_path / name)


def test_an_artifact_below_a_folder_with_brackets_is_read(spark: SparkSession, tmp_path: Path) -> None:
    for folder, value in (("a[1]", 1), ("a1", 2)):
        (tmp_path / folder).mkdir()
        pd.DataFrame({"value": [value]}).to_parquet(tmp_path / folder / "part-0.parquet")
    assert [row.value for row in spark.read.parquet(literal(f"file://{tmp_path / 'a[1]'}")).collect()] == [1]
