"""Judging rows with Spark and settling days with Arrow comes to what judging and settling by Spark alone comes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from bank_marketing.artifacts.local import LocalStore
from bank_marketing.contract.spark import clean_schema
from bank_marketing.etl import settling
from bank_marketing.etl.reading import read_landed
from bank_marketing.etl.settling import Tally
from bank_marketing.etl.writing import JUDGED, write_days
from tests.support.campaign import CONTRACT
from tests.support.landed import contact, lines, write_contacts
from tests.support.settled_by_spark import clean_rows, tally

DAYS = [date(2010, 6, 28), date(2010, 6, 29), date(2010, 6, 30)]
COUNTS = ("clean", "rejected", "duplicate", "superseded")


@contextmanager
def configured(spark: SparkSession, options: Mapping[str, str]) -> Iterator[None]:
    before = {name: spark.conf.get(name, None) for name in options}
    for name, value in options.items():
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            spark.conf.unset(name) if value is None else spark.conf.set(name, value)


def tasks_of(size: int) -> dict[str, str]:
    """Options with which a task reads `size` bytes, as it does of huge files."""
    return {"spark.sql.files.maxPartitionBytes": str(size), "spark.sql.files.openCostInBytes": "0"}


def written(spark: SparkSession, root: Path, content: Mapping[date, Sequence[str]]) -> dict[date, Tally]:
    """Clean landed days into `root/out`; what Spark wrote stays in `root/judged`."""
    files = {day: write_contacts(root, day, rows) for day, rows in content.items()}
    with LocalStore(root.as_uri()).stage() as stage:
        days = write_days(spark, files, CONTRACT.columns, CONTRACT, stage, "out")
        for folder in ("out", JUDGED):
            (stage.path / folder).rename(root / folder)
    return days


def parquet(root: Path, day: date, folder: str = "") -> pd.DataFrame:
    parts = sorted((root / "out" / str(day) / folder).glob("part-*"))
    return pd.concat([pd.read_parquet(part) for part in parts], ignore_index=True)


def bytes_of(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted((root / "out").rglob("*.parquet"))}


def mixed(day: date) -> list[str]:
    """41 rows: broken cells and lines among good ones, contacts that stand twice and three times."""
    rows = [contact(number, day) for number in range(1, 33)]
    rows += [contact(3, day), contact(5, day, age=77), contact(7, day), contact(7, day), contact(9, day, age=5)]
    rows += [contact(40, day, job="astronaut"), contact(40, day, job="astronaut"), contact(41, day, month="jan")]
    text = lines(rows)
    return [*text[:12], text[12][:40], *text[12:]]


@pytest.mark.parametrize("size", [1_000_000, 700])
def test_every_row_comes_out_as_when_spark_settles_it_too(spark: SparkSession, tmp_path: Path, size: int) -> None:
    content = {day: mixed(day) for day in DAYS[:2]}
    content[DAYS[1]] = lines(contact(number, DAYS[1]) for number in range(1, 6))
    with configured(spark, tasks_of(size)):
        days = written(spark, tmp_path, content)
    paths = [tmp_path / "contacts" / f"dt={day}" / "contacts.csv" for day in content]
    judged = clean_rows(read_landed(spark, paths, CONTRACT.columns, CONTRACT), CONTRACT.columns, CONTRACT).cache()
    assert days == tally(judged)
    assert {day: sum(days[day][name] for name in COUNTS) for day in days} == {DAYS[0]: 41, DAYS[1]: 5}
    wanted = judged.orderBy("contact_date", "source_row").toPandas()
    stands = wanted["status"] == "clean"
    clean = wanted[stands].drop(columns=["source_row", "status", "breaches", "raw"]).reset_index(drop=True)
    out = pd.concat([parquet(tmp_path, day) for day in content], ignore_index=True)
    pd.testing.assert_frame_equal(out, clean, check_dtype=False)  # beside rejected rows Spark's integers have gaps
    assert spark.read.parquet((tmp_path / "out" / str(DAYS[0]) / "part-0.parquet").as_uri()).schema == clean_schema(
        CONTRACT.columns
    )
    kept = wanted.loc[~stands, ["source_row", "contact_id", "status", "breaches", "raw"]].reset_index(drop=True)
    out = parquet(tmp_path, DAYS[0], "rejected")
    assert [list(entries) for entries in out["breaches"]] == [list(entries) for entries in kept["breaches"]]
    pd.testing.assert_frame_equal(out.drop(columns="breaches"), kept.drop(columns="breaches"))
    assert (days[DAYS[0]]["rejected"], days[DAYS[0]]["duplicate"], days[DAYS[0]]["superseded"]) == (5, 3, 1)
    assert out["source_row"].tolist() == [3, 5, 7, 12, 36, 38, 39, 40, 41]
    assert out["raw"][3] == content[DAYS[0]][12]
    assert out["raw"][4] == content[DAYS[0]][36].replace('"', "")
    assert not (tmp_path / "out" / str(DAYS[1]) / "rejected").exists()


def test_a_huge_day_is_read_by_many_tasks_and_cut_alike_by_any_number_of_them(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "ROWS_A_PART", 25)
    rows = [contact(number, DAYS[0]) for number in range(1, 61)]
    rows[29] = contact(30, DAYS[0], age=5)
    rows[54] = contact(55, DAYS[0], age="abc")
    rows += [contact(2, DAYS[0]), contact(58, DAYS[0])]
    content = {DAYS[0]: lines(rows), DAYS[1]: lines(contact(number, DAYS[1]) for number in (1, 2, 1))}
    found = {}
    for size, tasks in ((1_000_000, 1), (900, 8)):
        root = tmp_path / str(size)
        with configured(spark, tasks_of(size) | {"spark.sql.files.minPartitionNum": "1"}):
            days = written(spark, root, content)
        assert len(list((root / JUDGED).glob("part-*"))) >= tasks
        found[size] = bytes_of(root)
        gone = {2, 30, 55, 58}
        wanted = [f"T{number:05d}" for number in range(1, 61) if number not in gone] + ["T00002", "T00058"]
        assert parquet(root, DAYS[0])["contact_id"].tolist() == wanted
        assert parquet(root, DAYS[0], "rejected")["source_row"].tolist() == [2, 30, 55, 58]
        assert parquet(root, DAYS[1])["contact_id"].tolist() == ["T00002", "T00001"]
        assert [days[DAYS[0]][name] for name in COUNTS] == [58, 2, 2, 0]
    names = [f"out/{DAYS[0]}/part-{number}.parquet" for number in range(3)]
    names += [
        f"out/{DAYS[0]}/rejected/part-0.parquet",
        f"out/{DAYS[1]}/part-0.parquet",
        f"out/{DAYS[1]}/rejected/part-0.parquet",
    ]
    assert list(found[900]) == names
    assert found[900] == found[1_000_000]


def test_a_day_without_any_good_row(spark: SparkSession, tmp_path: Path) -> None:
    days = written(spark, tmp_path, {DAYS[0]: lines(contact(number, DAYS[0], age=5) for number in (1, 2))})
    assert (days[DAYS[0]]["clean"], days[DAYS[0]]["rejected"]) == (0, 2)
    assert not list((tmp_path / "out" / str(DAYS[0])).glob("part-*"))


def test_only_the_first_rows_that_break_a_rule_are_named_and_all_are_counted(spark: SparkSession, tmp_path: Path) -> None:
    rows = [contact(number, DAYS[0], **({"age": number} if 3 <= number <= 10 else {})) for number in range(1, 31)]
    with configured(spark, tasks_of(300)):
        days = written(spark, tmp_path, {DAYS[0]: lines(rows)})
    assert days[DAYS[0]]["breaches"] == {
        "range(age)": {"rows": 8, "examples": [3, 4, 5, 6, 7], "detail": "age '3' is not integer 17..110 years"}
    }


def test_a_row_that_breaks_a_warning_rule_is_kept_and_counted_on_its_day(spark: SparkSession, tmp_path: Path) -> None:
    odd: list[dict[str, object]] = [
        {"emp_var_rate": 10.5},
        {"emp_var_rate": 210},
        {"previous": 1, "poutcome": "success", "pdays": 999},
    ]
    content = {
        DAYS[0]: lines(contact(number, DAYS[0], **changes) for number, changes in enumerate([{}, *odd, {"emp_var_rate": 10}])),
        DAYS[1]: lines(contact(number, DAYS[1]) for number in range(1, 4)),
        DAYS[2]: lines(contact(1, DAYS[2], emp_var_rate=rate) for rate in (10.5, 1.1)),  # the row that stands is not odd
    }
    days = written(spark, tmp_path, content)
    assert {day: days[day]["clean"] for day in content} == {DAYS[0]: 5, DAYS[1]: 3, DAYS[2]: 1}
    assert days[DAYS[0]]["warnings"] == {"range(emp_var_rate)": 2, "success_has_a_date": 1}
    assert days[DAYS[1]]["warnings"] == days[DAYS[2]]["warnings"] == {}
