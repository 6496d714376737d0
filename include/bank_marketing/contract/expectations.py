"""The contract as Great Expectations: what must hold for the clean rows of a month.

Rows were judged one by one when they were ingested; here the clean zone itself is checked, and what only many rows can show.
"""

from __future__ import annotations

import logging
from typing import Any

import pandas as pd

from bank_marketing.contract.model import BatchRule, Column, Contract

# GX tells of every function it does not register: a thousand lines that hide the one that matters.
logging.getLogger("great_expectations").setLevel(logging.WARNING)

import great_expectations.expectations as gxe  # noqa: E402

#: Shares and means of fewer rows are chance: a column that is unknown half as often as allowed (12.5 of 25 %) breaks the limit
#: in 1 of 8 months of 10 rows, and in 1 of 140 of 50 rows.
SHARE_ROWS = 50

#: The rule that all columns are there.
COLUMNS = "columns"

_PANDAS_TYPES = {"integer": ["int8", "int16", "int32", "int64"], "double": ["float32", "float64"]}

Expectation = Any


def expectations(contract: Contract, rows: int = SHARE_ROWS) -> list[Expectation]:
    """All expectations of the contract on a batch of `rows` clean rows.

    Each has its severity, and in `meta` the rule's name, its column and what is allowed in words. Shares and means are left out
    for fewer than SHARE_ROWS rows.
    """
    names = ["contact_date", *(column.name for column in contract.columns)]
    found = [
        gxe.ExpectTableColumnsToMatchSet(
            column_set=names, exact_match=False, severity="critical", meta=_meta(COLUMNS, "", "all columns of the contract")
        ),
        _not_null("contact_date"),
    ]
    for column in contract.columns:
        found += _cells(column)
        if column.max_unknown_share is not None and rows >= SHARE_ROWS:
            found.append(_unknown_share(column, contract.unknown, column.max_unknown_share))
    found += [_batch(rule) for rule in contract.batch_rules if rule.measure != "mean" or rows >= SHARE_ROWS]
    return found + [_one_value_a_day(column) for column in day_columns(contract)]


def with_measures(rows: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """The rows with a column for each measure of a day, so that a rule about days names the contacts it concerns."""
    measured = rows.copy()
    if "contact_date" not in rows:
        return measured
    days = rows["contact_date"]
    for rule in contract.batch_rules:
        if rule.measure == "rows_per_day":
            measured[_measure(rule.name)] = days.groupby(days).transform("size")
        elif rule.measure == "values_per_day" and rule.column in rows:
            measured[_measure(rule.name)] = rows[rule.column].groupby(days).transform("nunique")
    for column in day_columns(contract):
        if column.name in rows:
            measured[_measure(column.name)] = rows[column.name].groupby(days).transform("nunique")
    return measured


def _meta(rule: str, column: str, allowed: str) -> dict[str, str]:
    return {"rule": rule, "column": column, "allowed": allowed}


def _measure(name: str) -> str:
    return f"measure_{name}"


def day_columns(contract: Contract) -> list[Column]:
    """Indicators, of which a day has one value; those with a rule of their own are left to it."""
    ruled = {rule.column for rule in contract.batch_rules if rule.measure == "values_per_day"}
    return [column for column in contract.columns if column.role == "macro" and column.name not in ruled]


def _not_null(name: str) -> Expectation:
    meta = _meta(f"missing({name})", name, "no empty cell")
    return gxe.ExpectColumnValuesToNotBeNull(column=name, severity="critical", meta=meta)


def _cells(column: Column) -> list[Expectation]:
    """What each cell of a column must be."""
    name = column.name
    common = {"column": name, "severity": column.severity}

    def meta(rule: str, allowed: str = column.allowed) -> dict[str, str]:
        return _meta(f"{rule}({name})", name, allowed)

    found = [_not_null(name)]
    if column.role == "identifier":
        found.append(gxe.ExpectColumnValuesToBeUnique(**common, meta=meta("unique", "each value once")))
    if column.role == "outcome":
        found.append(gxe.ExpectColumnValuesToBeInSet(**common, value_set=[0, 1], meta=meta("category", "0 | 1")))
    elif column.categories:
        found.append(gxe.ExpectColumnValuesToBeInSet(**common, value_set=list(column.categories), meta=meta("category")))
    elif column.pattern:
        found.append(gxe.ExpectColumnValuesToMatchRegex(**common, regex=f"^(?:{column.pattern})$", meta=meta("pattern")))
    elif column.type != "string":
        types = _PANDAS_TYPES[column.type]
        found.append(
            gxe.ExpectColumnValuesToBeInTypeList(
                column=name, type_list=types, severity="critical", meta=meta("type", column.type)
            )
        )
        found.append(
            gxe.ExpectColumnValuesToBeBetween(**common, min_value=column.min, max_value=column.max, meta=meta("range"))
        )
    return found


def _unknown_share(column: Column, unknown: str, share: float) -> Expectation:
    return gxe.ExpectColumnValuesToNotBeInSet(
        column=column.name,
        value_set=[unknown],
        mostly=round(1 - share, 9),  # 1 - .7 is more than .3: 70 of 100 would be too many
        severity="critical",
        meta=_meta(f"unknown_share({column.name})", column.name, f"at most {share:.0%} {unknown!r}"),
    )


def _batch(rule: BatchRule) -> Expectation:
    meta = _meta(rule.name, rule.column or "contact_date", f"{rule.min:g}..{rule.max:g} ({rule.description})")
    bounds = {"min_value": rule.min, "max_value": rule.max, "severity": rule.severity, "meta": meta}
    if rule.measure == "mean":
        return gxe.ExpectColumnMeanToBeBetween(column=rule.column, **bounds)
    return gxe.ExpectColumnValuesToBeBetween(column=_measure(rule.name), **bounds)


def _one_value_a_day(column: Column) -> Expectation:
    meta = _meta(f"one_value_a_day({column.name})", column.name, "1 (an indicator has one value a day)")
    return gxe.ExpectColumnValuesToBeBetween(
        column=_measure(column.name), min_value=1, max_value=1, severity=column.severity, meta=meta
    )
