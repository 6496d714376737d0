"""Which rows of a list can be scored: the contract's judgement of `etl.cleaning`, of tables in memory and in words for people."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

import pandas as pd

from bank_marketing.contract import Column, Contract, RowRule
from bank_marketing.lists import values


@dataclass
class Judged:
    """Rows as the contract's values (NaN or text as it came where a row is bad), and why the bad ones are bad."""

    typed: pd.DataFrame
    problems: dict[int, list[str]] = field(default_factory=dict)
    rules: dict[int, list[str]] = field(default_factory=dict)
    respelled: dict[str, int] = field(default_factory=dict)
    never: dict[str, int] = field(default_factory=dict)

    def breach(self, rows: pd.Index, rule: str, sentences: list[str]) -> None:
        """Note a breach of rows."""
        for row, sentence in zip(rows.tolist(), sentences, strict=True):
            self.problems.setdefault(row, []).append(sentence)
            self.rules.setdefault(row, []).append(rule)


def judge(cells: pd.DataFrame, contract: Contract, mark: str) -> Judged:
    """Judge the rows of a list.

    Args:
        cells: text, stripped, in columns of the contract; derived columns and those that are filled in need not be there.
        contract: the rules. What only warns at ingestion does not stop a row here either.
        mark: the decimal mark.
    """
    judged = Judged(pd.DataFrame(index=cells.index))
    for column in contract.prospect_columns:
        if column.name in cells:
            judged.typed[column.name] = _column(cells[column.name], column, mark, judged)
    good = judged.typed.drop(index=list(judged.problems))  # of all of them every rule is asked: a row may break several
    for rule in contract.row_rules:
        if rule.severity == "critical" and set(rule.columns) <= set(cells):
            broken = _broken(rule, good)
            judged.breach(broken, rule.name, [rule.description] * len(broken))
    return judged


def _column(given: pd.Series, column: Column, mark: str, judged: Judged) -> pd.Series:
    cells, never = values.with_never(given, column)
    if never:
        judged.never[column.name] = never
    empty = cells.index[cells == ""]
    judged.breach(empty, f"missing({column.name})", [f"{column.source_name} is empty"] * len(empty))
    if column.type == "string":
        return _text(cells, column, mark, judged)
    found = values.numbers(cells, column, mark)
    bad = found.isna() & (cells != "")
    judged.breach(cells.index[bad], f"type({column.name})", [values.explained(value, column, mark) for value in cells[bad]])
    least, most = column.bounds
    low = found < least if least is not None else pd.Series(data=False, index=found.index)
    high = found > most if most is not None else pd.Series(data=False, index=found.index)
    beyond = found[low | high]
    judged.breach(beyond.index, f"range({column.name})", [values.outside(value, column) for value in beyond])
    return found


def _text(cells: pd.Series, column: Column, mark: str, judged: Judged) -> pd.Series:
    found = cells
    if column.categories:
        found = values.categories(cells, column)
        if changed := int((found != cells).sum()):
            judged.respelled[column.name] = changed
        bad = ~found.isin(column.categories) & (cells != "")
        rule = f"category({column.name})"
    elif column.pattern:
        bad = ~found.str.fullmatch(column.pattern) & (cells != "")
        rule = f"pattern({column.name})"
    else:
        return found
    explained = {value: values.explained(value, column, mark) for value in found[bad].unique()}
    judged.breach(cells.index[bad], rule, [explained[value] for value in found[bad]])
    return found


def _broken(rule: RowRule, typed: pd.DataFrame) -> pd.Index:
    """Rows that break a rule. The rules are SQL, and SQLite reads those without dates as Spark does; null keeps a rule."""
    columns = ", ".join(f'"{name}"' for name in rule.columns)
    table = typed[list(rule.columns)].astype(object)
    with sqlite3.connect(":memory:") as database:
        database.execute(f"CREATE TABLE list ({columns})")
        marks = ", ".join("?" for _ in rule.columns)
        database.executemany(f"INSERT INTO list VALUES ({marks})", table.where(table.notna(), None).to_numpy().tolist())  # noqa: S608
        # The expression is the contract's own.
        answers = database.execute(f"SELECT ({rule.expression}) FROM list ORDER BY rowid").fetchall()  # noqa: S608
    database.close()
    return typed.index[[answer is not None and not answer for (answer,) in answers]]
