"""The Great Expectations suite of the contract: good rows pass, and every single rule can fail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from bank_marketing.contract.expectations import SHARE_ROWS, expectations
from bank_marketing.contract.suite import Suite
from tests.support.campaign import CONTRACT
from tests.support.clean import clean_rows

DAYS = [date(2010, 6, day) for day in (1, 2, 3, 4, 7, 8)]
INDICATORS = [column.name for column in CONTRACT.columns if column.role == "macro"]


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    return Suite(CONTRACT, tmp_path_factory.mktemp("docs"))


@pytest.fixture
def rows() -> pd.DataFrame:
    return clean_rows(DAYS)


def everything_empty_once(rows: pd.DataFrame) -> pd.DataFrame:
    for number, name in enumerate(rows.columns):
        rows[name] = rows[name].astype(object)
        rows.loc[number, name] = None
    return rows


def values_outside(rows: pd.DataFrame) -> pd.DataFrame:
    for column in CONTRACT.columns:
        if column.role == "outcome":
            rows.loc[3, column.name] = 2
        elif column.categories:
            rows.loc[3, column.name] = "nonsense"
        elif column.pattern:
            rows.loc[3, column.name] = "no identifier"
        else:
            assert column.max is not None
            rows.loc[3, column.name] = column.max + 1
    return rows


def values_below(rows: pd.DataFrame) -> pd.DataFrame:
    for column in CONTRACT.columns:
        if column.min is not None:
            rows.loc[5, column.name] = column.min - 1
    return rows


def numbers_as_text(rows: pd.DataFrame) -> pd.DataFrame:
    names = [column.name for column in CONTRACT.columns if column.type != "string"]
    return rows.astype(dict.fromkeys(names, str))


def everything_unknown(rows: pd.DataFrame) -> pd.DataFrame:
    names = [column.name for column in CONTRACT.columns if column.max_unknown_share is not None]
    rows[names] = CONTRACT.unknown
    return rows


def a_contact_twice(rows: pd.DataFrame) -> pd.DataFrame:
    rows.loc[7, "contact_id"] = rows.loc[8, "contact_id"]
    return rows


def everybody_subscribes(rows: pd.DataFrame) -> pd.DataFrame:
    rows["y"] = 1
    return rows


def two_values_a_day(rows: pd.DataFrame) -> pd.DataFrame:
    rows.loc[20, INDICATORS] += 0.5
    return rows


def a_column_less(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop(columns="age")


def a_flooded_day(rows: pd.DataFrame) -> pd.DataFrame:
    flood = pd.concat([rows[rows["contact_date"] == DAYS[0]]] * 4200, ignore_index=True)
    flood["contact_id"] = [f"F{number:06d}" for number in range(len(flood))]
    return flood


def of(rule: str, role: str = "", kind: Callable[..., bool] = lambda column: True) -> set[str]:
    return {f"{rule}({column.name})" for column in CONTRACT.columns if kind(column) and (not role or column.role == role)}


NUMBERS = {column.name for column in CONTRACT.columns if column.type != "string"}
BREACHES: list[tuple[Callable[[pd.DataFrame], pd.DataFrame], set[str]]] = [
    (everything_empty_once, of("missing") | {"missing(contact_date)"}),
    (
        values_outside,
        {"pattern(contact_id)"}
        | of("category", kind=lambda column: bool(column.categories))
        | {f"range({name})" for name in NUMBERS},
    ),
    (values_below, {f"range({name})" for name in NUMBERS}),
    (numbers_as_text, {f"type({name})" for name in NUMBERS}),
    (everything_unknown, of("unknown_share", kind=lambda column: column.max_unknown_share is not None)),
    (a_contact_twice, {"unique(contact_id)"}),
    (everybody_subscribes, {"conversion_rate"}),
    (two_values_a_day, {"one_fixing_a_day"} | of("one_value_a_day", "macro") - {"one_value_a_day(euribor3m)"}),
    (a_column_less, {"columns"}),
    (a_flooded_day, {"rows_a_day"}),
]

#: A breach that breaks other rules too, as a text in a column of numbers has no range.
SIDE_EFFECTS = {everything_empty_once, values_outside, values_below, numbers_as_text}


def broken(findings: list[dict[str, object]]) -> set[str]:
    return {str(finding["rule"]) for finding in findings}


def test_rows_that_keep_the_contract_pass(suite: Suite, rows: pd.DataFrame) -> None:
    assert suite.run("good", rows) == []


@pytest.mark.parametrize(("breach", "rules"), BREACHES, ids=[breach.__name__ for breach, _ in BREACHES])
def test_a_breach_breaks_its_rules(
    suite: Suite, rows: pd.DataFrame, breach: Callable[[pd.DataFrame], pd.DataFrame], rules: set[str]
) -> None:
    found = broken(suite.run(breach.__name__, breach(rows)))
    if breach in SIDE_EFFECTS:
        assert rules <= found
    else:
        assert found == rules


@pytest.mark.parametrize("breach", [lambda rows: rows, *(breach for breach, _ in BREACHES)], ids=lambda breach: breach.__name__)
def test_a_pass_over_the_columns_changes_no_finding(
    suite: Suite, rows: pd.DataFrame, breach: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    table = pa.Table.from_pandas(breach(rows), preserve_index=False).replace_schema_metadata()
    assert suite.check("2010-06", table) == suite.run("2010-06", table.to_pandas())


def test_every_rule_of_the_suite_has_a_breach_above() -> None:
    assert {entry.meta["rule"] for entry in expectations(CONTRACT)} == set().union(*(rules for _, rules in BREACHES))


def test_a_finding_says_what_where_when_and_who(suite: Suite, rows: pd.DataFrame) -> None:
    rows.loc[[0, 1, 14], "age"] = [150, 10, 150]
    assert suite.run("2010-06", rows) == [
        {
            "rule": "range(age)",
            "severity": "critical",
            "column": "age",
            "chunk": "2010-06",
            "rows": 72,
            "unexpected": 3,
            "observed": "10, 150",
            "allowed": "integer 17..110 years",
            "days": ["2010-06-01", "2010-06-02"],
            "examples": ["T00001", "T00002", "T00015"],
        }
    ]


def test_severity_is_the_contracts(suite: Suite, rows: pd.DataFrame) -> None:
    rows["emp_var_rate"] = 99.0
    (finding,) = suite.run("macro", rows)
    assert (finding["rule"], finding["severity"]) == ("range(emp_var_rate)", "warning")
    assert len(finding["examples"]) == 5


def test_a_share_of_few_rows_is_not_judged(suite: Suite, rows: pd.DataFrame) -> None:
    rows["job"] = "unknown"
    assert suite.run("few", rows.head(SHARE_ROWS - 1)) == []
    assert broken(suite.run("enough", rows.head(SHARE_ROWS))) == {"unknown_share(job)"}


#: What the bank has promised: most of a column is known, but of `default`, where three in ten are enough.
MOST_UNKNOWN = {"job": 0.25, "marital": 0.25, "education": 0.4, "default": 0.7, "housing": 0.25, "loan": 0.25}


@pytest.mark.parametrize(("column", "most"), MOST_UNKNOWN.items())
def test_the_last_allowed_unknown_passes_and_the_next_does_not(
    column: str, most: float, suite: Suite, rows: pd.DataFrame
) -> None:
    allowed = int(len(rows) * most)
    rows[column] = [CONTRACT.unknown] * allowed + [rows[column].mode()[0] if rows[column].mode()[0] != "unknown" else "no"] * (
        len(rows) - allowed
    )
    assert broken(suite.run("allowed", rows)) == set()
    rows.loc[allowed, column] = CONTRACT.unknown
    assert broken(suite.run("one more", rows)) == {f"unknown_share({column})"}


@pytest.mark.parametrize(("name", "allowed"), [("default", 70), ("education", 40), ("job", 25), ("loan", 25)])
def test_a_share_may_reach_its_limit_and_no_more(suite: Suite, name: str, allowed: int) -> None:
    table = pa.Table.from_pandas(clean_rows(DAYS[:1], 100), preserve_index=False)
    place = table.column_names.index(name)

    def unknown(share: int) -> set[str]:
        values = [CONTRACT.unknown if row < share else value for row, value in enumerate(table[name].to_pylist())]
        return broken(suite.check("share", table.set_column(place, name, pa.array(values))))

    assert (unknown(allowed), unknown(allowed + 1)) == (set(), {f"unknown_share({name})"})


def test_the_share_that_was_seen_is_told(suite: Suite, rows: pd.DataFrame) -> None:
    rows.loc[: len(rows) // 2 - 1, "loan"] = "unknown"
    (finding,) = suite.run("half", rows)
    assert (finding["observed"], finding["allowed"], finding["unexpected"]) == ("50.0%", "at most 25% 'unknown'", 36)


def test_data_docs_are_pages_without_dead_weight(rows: pd.DataFrame, tmp_path: Path) -> None:
    rows.loc[0, "job"] = "astronaut"
    Suite(CONTRACT, tmp_path).run("2010-06", rows, docs=True)
    assert (tmp_path / "index.html").is_file()
    (page,) = (tmp_path / "validations").rglob("*.html")
    assert "astronaut" in page.read_text(encoding="utf-8")
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < 1_500_000


def test_running_it_says_nothing(rows: pd.DataFrame, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Suite(CONTRACT, tmp_path).run("quiet", rows)
    told = capfd.readouterr()
    assert told.out + told.err == ""


def test_remembered_results_are_those_of_the_same_rules(tmp_path: Path) -> None:
    columns = [column.model_copy(update={"max": 111.0}) if column.name == "age" else column for column in CONTRACT.columns]
    other = CONTRACT.model_copy(update={"columns": tuple(columns)})
    assert Suite(CONTRACT, tmp_path).digest == Suite(CONTRACT, tmp_path).digest
    assert Suite(CONTRACT, tmp_path).digest != Suite(other, tmp_path).digest
