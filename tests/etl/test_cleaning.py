"""Every row of a landed file comes out once: clean, rejected with its reasons, or a duplicate."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from bank_marketing.etl.reading import read_landed
from tests.support.campaign import CONTRACT
from tests.support.landed import Row, contact, lines, write_contacts
from tests.support.settled_by_spark import clean_rows

DAY = date(2010, 6, 30)


def cleaned(spark: SparkSession, root: Path, content: list[str]) -> DataFrame:
    contract = CONTRACT
    path = write_contacts(root, DAY, content)
    return clean_rows(read_landed(spark, [path], contract.columns, contract), contract.columns, contract)


CRITICAL: list[tuple[dict[str, object], str]] = [
    ({"age": 16}, "range(age)"),
    ({"age": 111}, "range(age)"),
    ({"age": "abc"}, "type(age)"),
    ({"age": "12.5"}, "type(age)"),
    ({"age": ""}, "missing(age)"),
    ({"job": "astronaut"}, "category(job)"),
    ({"job": "  "}, "missing(job)"),
    ({"euribor3m": "nan"}, "range(euribor3m)"),
    ({"emp_var_rate": "1e308"}, "range(emp_var_rate)"),  # what only warns, beyond all that its unit can hold
    ({"emp_var_rate": "-210.5"}, "range(emp_var_rate)"),
    ({"cons_conf_idx": "nan"}, "range(cons_conf_idx)"),
    ({"euribor3m": "1,25"}, "type(euribor3m)"),
    ({"cons_price_idx": "high"}, "type(cons_price_idx)"),
    ({"y": "maybe"}, "category(y)"),
    ({"contact_id": "=cmd()"}, "pattern(contact_id)"),
    ({"contact_id": "T00001 or another"}, "pattern(contact_id)"),
    ({"contact_id": "T00001\u2028"}, "pattern(contact_id)"),  # a line's end in Java
    ({"contact_id": "-T00001"}, "pattern(contact_id)"),
    ({"month": "jul"}, "month_is_of_the_file"),
    ({"day_of_week": "mon"}, "weekday_is_of_the_file"),
    ({"previous": 1}, "earlier_outcome_needs_earlier_contact"),
    ({"campaign": 99999999999}, "type(campaign)"),
]


@pytest.fixture(scope="module")
def judged(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """One file in which every second row breaks one rule: one Spark job judges them all."""
    rows = []
    for number, (changes, _) in enumerate(CRITICAL):
        rows += [contact(2 * number, DAY), contact(2 * number + 1, DAY, **changes)]
    frame = cleaned(spark, tmp_path_factory.mktemp("judged"), lines(rows))
    return [row.asDict(recursive=True) for row in frame.orderBy("source_row").collect()]


def test_good_rows_between_bad_ones_stay_clean(judged: list[Row]) -> None:
    assert {row["status"] for row in judged[::2]} == {"clean"}


@pytest.mark.parametrize(("place", "rule"), [(place, rule) for place, (_, rule) in enumerate(CRITICAL)], ids=str)
def test_a_row_that_breaks_a_critical_rule_is_rejected_with_that_rule(judged: list[Row], place: int, rule: str) -> None:
    row = judged[2 * place + 1]
    assert row["status"] == "rejected"
    assert [breach["rule"] for breach in row["breaches"]] == [rule]  # type: ignore[attr-defined]


def test_broken_lines_are_rejected_alone(spark: SparkSession, tmp_path: Path) -> None:
    good = lines(contact(n, DAY) for n in range(1, 6))
    cut, wide = good[2][:40], good[3] + ';"more"'
    unbalanced = good[4].replace('"married"', '"married')
    rows = cleaned(spark, tmp_path, [good[0], good[1], cut, wide, unbalanced, good[5]]).orderBy("source_row").collect()
    assert [row["status"] for row in rows] == ["clean", "rejected", "rejected", "rejected", "clean"]
    assert rows[1]["raw"] == cut
    assert {breach["rule"] for row in rows[1:4] for breach in row["breaches"]} <= {"malformed_row", "missing(y)"}


def test_all_breaches_of_a_row_are_told(spark: SparkSession, tmp_path: Path) -> None:
    row = cleaned(spark, tmp_path, lines([contact(1, DAY, age=5, job="astronaut", marital="")])).collect()[0]
    assert [breach["rule"] for breach in row["breaches"]] == ["range(age)", "category(job)", "missing(marital)"]


def test_a_breach_shows_the_value_and_what_is_allowed(spark: SparkSession, tmp_path: Path) -> None:
    rows = cleaned(spark, tmp_path, lines([contact(1, DAY, age=5)])).collect()
    assert rows[0]["breaches"][0]["detail"] == "age '5' is not integer 17..110 years"


def test_the_last_row_of_a_contact_stands(spark: SparkSession, tmp_path: Path) -> None:
    rows = [contact(1, DAY), contact(2, DAY), contact(1, DAY), contact(2, DAY, age=77), contact(3, DAY)]
    result = cleaned(spark, tmp_path, lines(rows)).orderBy("source_row").collect()
    assert [row["status"] for row in result] == ["duplicate", "superseded", "clean", "clean", "clean"]
    assert result[3]["age"] == 77


def test_equal_rows_of_different_contacts_are_no_duplicates(spark: SparkSession, tmp_path: Path) -> None:
    twins = [contact(1, DAY), contact(1, DAY, contact_id="T99999")]
    assert Counter(row["status"] for row in cleaned(spark, tmp_path, lines(twins)).collect()) == {"clean": 2}


def test_types_and_order_of_the_clean_zone(spark: SparkSession, tmp_path: Path) -> None:
    row = cleaned(spark, tmp_path, lines([contact(5, DAY)])).collect()[0]
    assert (row["contact_id"], row["contact_date"], row["age"], row["y"]) == ("T00005", DAY, 35, 1)
    assert isinstance(row["euribor3m"], float)
