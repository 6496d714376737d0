"""One client, one verdict: Spark's cleaning, Great Expectations, the API, the page's form and the reader of customer lists agree.

They are asked about generated rows: values inside, on and beyond each range, of the wrong type, missing, of no category; broken rules.

What they may differ in is said here, in `SPELLINGS` and in words:

- a landed file is written by a program and read as it is; a person's list may spell things in its own way, and a form is stripped;
- the API and the form do without a client id, a list numbers its rows: every row has one here;
- rules between columns are asked by Spark of every row, by the others of rows whose cells are good;
- a number that is none (`nan`) or has no room is out of range for one and of the wrong type for another: the column is what counts;
- Great Expectations sees rows that Spark could type, and counts those that break a column's range, categories or pattern;
- columns that follow from the day of the calls are checked in landed files, and filled in everywhere else.
"""

from __future__ import annotations

import csv
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest
from pydantic import ValidationError
from pyspark.sql import SparkSession

from bank_marketing.campaign import load_campaign
from bank_marketing.contract import Contract
from bank_marketing.contract.model import Column
from bank_marketing.contract.request import example_prospect, prospect_model
from bank_marketing.contract.suite import Suite
from bank_marketing.etl.reading import read_landed
from bank_marketing.lists import values
from bank_marketing.lists.judging import judge
from bank_marketing.serving.forms import ProspectForm
from tests.support.settled_by_spark import clean_rows

DAY = date(2010, 6, 30)
ROWS = 1500

SPACED = "space around text"

#: Name of the spelling -> who takes it beside the program's own: all others refuse it.
SPELLINGS = {
    "whole number with a point": {"api", "form", "list"},
    "category in another case": {"list"},
    SPACED: {"form", "list"},
    "empty or -1 for never": {"list"},
}

NO_WHOLE_NUMBERS = ("abc", "12.5", "1,5", "1_0", "true", "99999999999", "0x10", "\u0661\u0662", "--5", "3 8", "nan", "")  # fmt: skip
NO_NUMBERS = ("high", "1,25", "1_0.5", "true", "nan", "inf", "-Infinity", "1e999", "4.9d", "4.9f", "0x1p2", "\u0664.9", "")  # fmt: skip
NO_NAMES = ("=cmd()", "-T1", "T 1", "@T1", "T" * 40, "T\u20ac1")


class Cell(NamedTuple):
    """The text of a cell, and how it is spelled where not everybody takes that."""

    text: str
    spelling: str = ""


class Verdict(NamedTuple):
    """Columns whose cell is at fault; rules between columns that are broken, of rows whose cells are good."""

    columns: frozenset[str]
    rules: frozenset[str] = frozenset()


def numbers(column: Column, chance: random.Random) -> list[Cell]:
    """Inside, on and just beyond the range; as different programs write them, and no numbers at all."""
    low, high = (column.min or 0), (column.max if column.max is not None else 50)
    least, most = column.bounds
    step = 1 if column.type == "integer" else 0.001
    beyond = [least - step] if least is not None else []
    beyond += [most + step] if most is not None else []
    found = [low, high, *beyond, *(bound for bound in (least, most) if bound is not None)]
    if column.type == "integer":
        inside = [str(chance.randint(int(low), int(high))) for _ in range(6)]
        plain = [Cell(text) for text in [*inside, *(str(int(value)) for value in found), f"+{int(high)}", f" {int(high)} "]]
        pointed = [Cell(f"{int(high)}.0", "whole number with a point")]
        return plain + pointed + [Cell(text) for text in NO_WHOLE_NUMBERS]
    inside = [f"{chance.uniform(low, high):.3f}" for _ in range(6)]
    return [Cell(text) for text in [*inside, *(repr(float(value)) for value in found), f"{high:e}", f" {high} ", *NO_NUMBERS]]


def texts(column: Column, contract: Contract) -> list[Cell]:
    """Categories, in several spellings; what is none of them."""
    plain = [Cell(category) for category in column.categories]
    others = [Cell(text) for text in ("astronaut", "", " ", contract.unknown, "'yes", column.categories[0] + "x")]
    upper = [
        Cell(category.upper(), "category in another case") for category in column.categories if category.upper() != category
    ]
    return (
        2 * plain
        + others
        + upper[:2]
        + [Cell(f" {column.categories[-1]} ", SPACED), Cell(f"{column.categories[0]}\u00a0", SPACED)]
    )


def cells(column: Column, contract: Contract, chance: random.Random) -> list[Cell]:
    if column.type != "string":
        found = numbers(column, chance)
    else:
        found = texts(column, contract) if column.categories else [Cell("T1\u2028", SPACED), *map(Cell, NO_NAMES)]
    if column.never is None:
        return found
    never = f"{column.never:g}"
    return [
        Cell(cell.text, "empty or -1 for never") if cell.text.strip() in {"", "-1"} - {never} else cell
        for cell in [*found, Cell(never), Cell(never), Cell("-1")]
    ]


def generated(contract: Contract) -> Iterator[dict[str, Cell]]:
    """Rows of which up to three cells are drawn, the others are the example's; each its own client."""
    chance = random.Random(contract.name)
    example = example_prospect(contract)
    columns = [column for column in contract.prospect_columns if not column.derived]
    related = [contract[name] for rule in contract.prospect_rules for name in rule.columns]
    for number in range(ROWS):
        row = {name: Cell(str(value)) for name, value in example.items()} | {contract.identifier.name: Cell(f"T{number}")}
        for column in chance.choices(related if number % 3 == 0 else columns, k=chance.choice((0, 1, 1, 2, 3))):
            row[column.name] = chance.choice(cells(column, contract, chance))
        yield row


class Judged(NamedTuple):
    """Generated rows of a campaign, and what Spark's cleaning makes of them, in their order."""

    contract: Contract
    rows: list[dict[str, Cell]]
    cleaned: list[dict[str, Any]]


@pytest.fixture(scope="module", params=["bank_marketing", "bank_full"])
def judged(request: pytest.FixtureRequest, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    contract = load_campaign(request.param).contract
    rows, columns = list(generated(contract)), contract.prospect_columns
    path = tmp_path_factory.mktemp(request.param) / f"dt={DAY}" / "list.csv"
    path.parent.mkdir()
    derived = {name: str(value) for name, value in contract.derived_values(DAY).items()}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=contract.delimiter, quoting=csv.QUOTE_ALL)
        writer.writerow([column.source_name for column in columns])
        for row in rows:
            texts_of_row = {name: cell.text for name, cell in row.items()} | derived
            writer.writerow([texts_of_row[column.name] for column in columns])
    frame = clean_rows(read_landed(spark, [path], columns, contract), columns, contract).orderBy("source_row")
    return Judged(contract, rows, [row.asDict(recursive=True) for row in frame.collect()])


def _broken(row: dict[str, Any]) -> list[str]:
    return [breach["rule"] for breach in row["breaches"]]


def of_spark(cleaned: list[dict[str, Any]]) -> list[Verdict]:
    found = []
    for row in cleaned:
        broken = _broken(row)
        assert (row["status"] == "rejected") == bool(broken)
        of_cells = frozenset(rule.partition("(")[2][:-1] for rule in broken if rule.endswith(")"))
        found.append(Verdict(of_cells, frozenset() if of_cells else frozenset(broken)))
    return found


def _of_errors(errors: list[Any], contract: Contract) -> Verdict:
    of_cells = frozenset(place for place, _ in errors if place)
    said = " ".join(message for place, message in errors if not place)
    return Verdict(of_cells, frozenset(rule.name for rule in contract.prospect_rules if rule.description in said))


def _sent(cell: Cell, column: Column) -> Any:
    """A cell as a program sends it: a number as a number."""
    if column.type != "string":
        with suppress(ValueError):
            return json.loads(cell.text, parse_constant=lambda _: cell.text)
    return cell.text


def of_api(rows: list[dict[str, Cell]], contract: Contract) -> list[Verdict]:
    model = prospect_model(contract)
    found = []
    for row in rows:
        errors = []
        try:
            model.model_validate({name: _sent(cell, contract[name]) for name, cell in row.items()})
        except ValidationError as error:
            names = {column.source_name: column.name for column in contract.columns}
            errors = [
                (names.get(str(one["loc"][0]), str(one["loc"][0])) if one["loc"] else "", one["msg"]) for one in error.errors()
            ]
        found.append(_of_errors(errors, contract))
    return found


def of_form(rows: list[dict[str, Cell]], contract: Contract) -> list[Verdict]:
    form = ProspectForm(contract, prospect_model(contract))
    names = {column.source_name: column.name for column in contract.columns}
    found = []
    for row in rows:
        submission = form.read({name: cell.text for name, cell in row.items()})
        errors = [(names.get(error.field, error.field), error.problem) for error in submission.errors]
        found.append(_of_errors(errors, contract))
    return found


def of_list(rows: list[dict[str, Cell]], contract: Contract) -> list[Verdict]:
    given = pd.DataFrame([{name: cell.text for name, cell in row.items()} for row in rows], dtype=object)
    judged = judge(pd.DataFrame({name: values.cleaned(given[name]) for name in given}), contract, ".")
    found = []
    for number in range(len(rows)):
        broken = judged.rules.get(number, [])
        of_cells = frozenset(rule.partition("(")[2][:-1] for rule in broken if rule.endswith(")"))
        found.append(Verdict(of_cells, frozenset(broken) if not of_cells else frozenset()))
    return found


def test_everybody_says_the_same_of_a_client(judged: Judged) -> None:
    contract, rows, cleaned = judged
    engines: dict[str, Callable[[], list[Verdict]]] = {
        "spark": lambda: of_spark(cleaned),
        "api": lambda: of_api(rows, contract),
        "form": lambda: of_form(rows, contract),
        "list": lambda: of_list(rows, contract),
    }
    verdicts = {name: verdict() for name, verdict in engines.items()}
    assert {name: len(found) for name, found in verdicts.items()} == dict.fromkeys(engines, ROWS)

    wrong = set()
    for number, row in enumerate(rows):
        odd = {name: cell.spelling for name, cell in row.items() if cell.spelling}
        if odd:  # asked for itself: whoever does not take the spelling refuses that column, and nobody refuses it who does
            for engine, found in verdicts.items():
                refused = {name for name, spelling in odd.items() if engine not in SPELLINGS[spelling]}
                if refused - found[number].columns:
                    wrong.add(f"{engine} takes {[(name, row[name]) for name in refused]}")
            continue
        said = {name: found[number] for name, found in verdicts.items()}
        if len(set(said.values())) > 1:
            drawn = {name: cell.text for name, cell in row.items() if any(name in verdict.columns for verdict in said.values())}
            wrong.add(f"{drawn}: {said}")
    assert not wrong, "\n".join(sorted(wrong))
    accepted = sum(not any(verdict) for verdict in verdicts["spark"])
    broken = sum(bool(verdict.rules) for verdict in verdicts["spark"])
    assert accepted > ROWS / 5, "not all rows are wrong"
    assert broken > ROWS / 50, "rules between columns are broken as well"


def test_great_expectations_counts_the_cells_that_spark_refuses(judged: Judged, tmp_path: Path) -> None:
    contract, _, cleaned = judged
    kinds = ("range(", "category(", "pattern(")
    critical = {column.name for column in contract.prospect_columns if column.severity == "critical"}
    typed = [row for row in cleaned if all(rule.startswith(kinds) or "(" not in rule for rule in _broken(row))]
    table = pd.DataFrame(typed).drop(columns=["source_row", "status", "breaches", "raw"])
    table = table[table.notna().all(axis=1)]
    told = Counter(
        rule
        for place in table.index
        for rule in _broken(typed[place])
        if rule.endswith(")") and rule.partition("(")[2][:-1] in critical
    )
    late = {column.name: 0 for column in contract.columns if column.phase == "after_call"}
    findings = Suite(contract, tmp_path).run("generated", table.assign(**late))
    found = {
        one["rule"]: one["unexpected"] for one in findings if one["rule"].startswith(kinds) and one["severity"] == "critical"
    }
    assert found == told
    assert len(found) > len(critical) / 2, "most columns are refused somewhere"
