"""Which rules a batch may break: one pass over its columns, so that Great Expectations is asked about those alone.

A month of millions of rows that keeps the contract is done with it; what is left out here is known to hold, and what is not left out is
decided by the expectations themselves, so findings are the same with and without.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from bank_marketing.contract.expectations import COLUMNS, day_columns
from bank_marketing.contract.model import BatchRule, Column, Contract

#: A mean or a share this near to its limit is left to the expectation: sums are rounded in another order there.
NEAR = 1e-9

DAY = "contact_date"


def suspects(table: pa.Table, contract: Contract) -> set[str]:
    """Names of all rules that the rows may break; `columns` alone when one is not there."""
    if {DAY, *(column.name for column in contract.columns)} - set(table.column_names):
        return {COLUMNS}
    if not len(table):
        return set()
    found = {f"missing({DAY})"} if table[DAY].null_count else set()
    for column in contract.columns:
        found |= _of_column(column, table[column.name], contract.unknown)
    found |= {rule.name for rule in contract.batch_rules if not _keeps(rule, table)}
    return found | {
        f"one_value_a_day({column.name})"
        for column in day_columns(contract)
        if not _within(_values_a_day(table, column.name), 1, 1)
    }


def _of_column(column: Column, values: pa.ChunkedArray, unknown: str) -> set[str]:
    found = set()
    if _has_gaps(values):  # pandas makes another type of a column with gaps
        found |= {"missing", "type"}
    if column.role == "identifier" and pc.count_distinct(values, mode="all").as_py() < len(values):
        found.add("unique")
    name, holds = _cell_rule(column)
    if not holds(values):
        found |= {name, "type"}
    if column.max_unknown_share is not None and _share(values, unknown) > column.max_unknown_share - NEAR:
        found.add("unknown_share")
    return {f"{rule}({column.name})" for rule in found}


def _cell_rule(column: Column) -> tuple[str, Callable[[pa.ChunkedArray], bool]]:
    """The rule about a column's cells, and whether they surely keep it."""
    if column.role == "outcome":
        return "category", lambda values: pa.types.is_integer(values.type) and set(values.unique().to_pylist()) <= {0, 1}
    if column.categories:
        return "category", lambda values: set(values.unique().to_pylist()) <= set(column.categories)
    if column.pattern:
        fits = re.compile(f"^(?:{column.pattern})$").match
        return "pattern", lambda values: pa.types.is_string(values.type) and all(map(fits, filter(None, values.to_pylist())))
    kind = {"integer": pa.types.is_integer, "double": pa.types.is_floating}.get(column.type)
    if kind is None:
        return "type", lambda _: True
    return "range", lambda values: kind(values.type) and _within(values, column.min, column.max)


def _has_gaps(values: pa.ChunkedArray) -> bool:
    return bool(values.null_count) or (pa.types.is_floating(values.type) and bool(pc.any(pc.is_nan(values)).as_py()))


def _within(values: pa.ChunkedArray, low: float | None, high: float | None) -> bool:
    found = pc.min_max(values).as_py()
    below = low is not None and found["min"] is not None and found["min"] < low
    return not below and not (high is not None and found["max"] is not None and found["max"] > high)


def _share(values: pa.ChunkedArray, value: str) -> float:
    if not pa.types.is_string(values.type):
        return 1.0
    return float((pc.sum(pc.equal(values, value)).as_py() or 0) / len(values))


def _values_a_day(table: pa.Table, name: str) -> pa.ChunkedArray:
    return table.select([DAY, name]).group_by(DAY).aggregate([(name, "count_distinct")])[f"{name}_count_distinct"]


def _keeps(rule: BatchRule, table: pa.Table) -> bool:
    if rule.measure == "rows_per_day":
        return _within(table.select([DAY]).group_by(DAY).aggregate([([], "count_all")])["count_all"], rule.min, rule.max)
    values = table[rule.column]
    if rule.measure == "values_per_day":
        return _within(_values_a_day(table, rule.column), rule.min, rule.max)
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        return False
    mean = pc.mean(values).as_py()
    return mean is not None and rule.min + NEAR <= mean <= rule.max - NEAR
