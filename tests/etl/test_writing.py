"""The short way of good rows and the long way of the others come to what judging every row comes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pandas as pd
from pyspark.sql import SparkSession

from bank_marketing.etl.cleaning import clean_rows
from bank_marketing.etl.reading import read_landed
from bank_marketing.etl.writing import Tally, tally, write_days
from tests.support.campaign import CONTRACT
from tests.support.landed import contact, lines, write_contacts

DAYS = [date(2010, 6, 28), date(2010, 6, 29), date(2010, 6, 30)]


@contextmanager
def parts_of(spark: SparkSession, size: int) -> Iterator[None]:
    """Files are read in parts of `size` bytes, as huge ones are."""
    names = {"spark.sql.files.maxPartitionBytes": str(size), "spark.sql.files.openCostInBytes": "0"}
    before = {name: spark.conf.get(name) for name in names}
    for name, value in names.items():
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            spark.conf.set(name, str(value))


def written(spark: SparkSession, root: Path, content: Mapping[date, Sequence[str]]) -> dict[date, Tally]:
    files = {day: write_contacts(root, day, rows) for day, rows in content.items()}
    return write_days(spark, files, {day: len(rows) - 1 for day, rows in content.items()}, CONTRACT, f"file://{root}/out")


def parquet(root: Path, folder: str, day: date) -> pd.DataFrame:
    parts = sorted((root / "out" / folder / f"dt={day}").glob("part-*"))
    return pd.concat([pd.read_parquet(part) for part in parts], ignore_index=True)


def mixed(day: date) -> list[str]:
    """41 rows: broken cells and lines among good ones, contacts that stand twice and three times."""
    rows = [contact(number, day) for number in range(1, 33)]
    rows += [contact(3, day), contact(5, day, age=77), contact(7, day), contact(7, day), contact(9, day, age=5)]
    rows += [contact(40, day, job="astronaut"), contact(40, day, job="astronaut"), contact(41, day, month="jan")]
    text = lines(rows)
    return [*text[:12], text[12][:40], *text[12:]]


def test_every_row_comes_out_as_when_each_is_judged_by_itself(spark: SparkSession, tmp_path: Path) -> None:
    content = {day: mixed(day) for day in DAYS}
    content[DAYS[1]] = lines(contact(number, DAYS[1]) for number in range(1, 6))
    days = written(spark, tmp_path, content)
    for day, rows in content.items():
        path = tmp_path / "contacts" / f"dt={day}" / "contacts.csv"
        judged = clean_rows(read_landed(spark, [path], CONTRACT.columns, CONTRACT), CONTRACT.columns, CONTRACT)
        wanted = tally(judged)[day]
        counted = {name: days[day][name] for name in ("clean", "rejected", "duplicate", "superseded", "breaches")}
        assert counted == {name: wanted[name] for name in counted}
        assert sum(days[day][name] for name in ("clean", "rejected", "duplicate", "superseded")) == len(rows) - 1
        clean = judged.where("status = 'clean'").orderBy("source_row").toPandas()
        assert parquet(tmp_path, days[day]["folder"], day)["contact_id"].tolist() == clean["contact_id"].tolist()
    assert (days[DAYS[0]]["rejected"], days[DAYS[0]]["duplicate"], days[DAYS[0]]["superseded"]) == (5, 3, 1)
    out = parquet(tmp_path, "rejected", DAYS[0])
    assert out["source_row"].tolist() == [3, 5, 7, 12, 36, 38, 39, 40, 41]
    assert out["raw"][3] == content[DAYS[0]][12]
    assert out["raw"][4] == content[DAYS[0]][36].replace('"', "")


def test_a_huge_day_is_written_by_several_tasks_in_the_order_of_its_file(spark: SparkSession, tmp_path: Path) -> None:
    rows = [contact(number, DAYS[0]) for number in range(1, 61)]
    rows[29] = contact(30, DAYS[0], age=5)
    rows[54] = contact(55, DAYS[0], age="abc")
    rows += [contact(2, DAYS[0]), contact(58, DAYS[0])]
    with parts_of(spark, 1500):
        days = written(spark, tmp_path, {DAYS[0]: lines(rows)})
    assert len(list((tmp_path / "out" / "clean" / f"dt={DAYS[0]}").glob("part-*"))) > 3
    gone = {2, 30, 55, 58}
    wanted = [f"T{number:05d}" for number in range(1, 61) if number not in gone] + ["T00002", "T00058"]
    assert parquet(tmp_path, days[DAYS[0]]["folder"], DAYS[0])["contact_id"].tolist() == wanted
    assert parquet(tmp_path, "rejected", DAYS[0])["source_row"].tolist() == [2, 30, 55, 58]


def test_a_day_without_any_good_row(spark: SparkSession, tmp_path: Path) -> None:
    days = written(spark, tmp_path, {DAYS[0]: lines(contact(number, DAYS[0], age=5) for number in (1, 2))})
    assert (days[DAYS[0]]["clean"], days[DAYS[0]]["rejected"]) == (0, 2)


def test_a_row_that_breaks_a_warning_rule_is_kept_and_counted_on_its_day(spark: SparkSession, tmp_path: Path) -> None:
    odd: list[dict[str, object]] = [
        {"emp_var_rate": 10.5},
        {"emp_var_rate": 210},
        {"previous": 1, "poutcome": "success", "pdays": 999},
    ]
    content = {
        DAYS[0]: lines(contact(number, DAYS[0], **changes) for number, changes in enumerate([{}, *odd, {"emp_var_rate": 10}])),
        DAYS[1]: lines(contact(number, DAYS[1]) for number in range(1, 4)),
    }
    days = written(spark, tmp_path, content)
    assert {day: days[day]["clean"] for day in content} == {DAYS[0]: 5, DAYS[1]: 3}
    assert days[DAYS[0]]["warnings"] == {"range(emp_var_rate)": 2, "success_has_a_date": 1}
    assert days[DAYS[1]]["warnings"] == {}
