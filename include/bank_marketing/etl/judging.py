"""What the contract says about one row, as Spark expressions: its types, whether it is good, and what it breaks."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from functools import reduce

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from bank_marketing.contract import Column, Contract, RowRule
from bank_marketing.contract.model import Severity
from bank_marketing.contract.spark import CORRUPT_RECORD, clean_type

#: What a row rule asks of its day alone, `date_format(contact_date, 'MMM')`: slow, and the same for all rows of a day.
_CALL = r"\w+\({}(?:, *'[^']*')*\)"
_OF_THE_DAY = re.compile(f"{_CALL.format(_CALL.format('contact_date'))}|{_CALL.format('contact_date')}")

#: Days from the first landed one to the last, up to which what is asked of a day is looked up in a table of all days between.
_CALENDAR = 40_000


#: Java takes 4.9d, 4.9f and 0x1p2 for numbers, and no other reader of the contract does.
_JAVA_ONLY = "[dDfFxX]"


def text_of(name: str) -> str:
    """Where `typed` keeps a cell as it was landed."""
    return f"_text_{name}"


def typed(raw: DataFrame, columns: tuple[Column, ...]) -> DataFrame:
    """All of `raw`, its cells typed (null where one does not parse) and, under `text_of`, as they were."""
    names = [column.name for column in columns]
    others = [name for name in raw.columns if name not in names]
    texts = (f.col(name).alias(text_of(name)) for name in names)
    return raw.select(*others, *texts, *(_typed(column).alias(column.name) for column in columns))


def is_good(columns: tuple[Column, ...], contract: Contract) -> SparkColumn:
    """Whether a row of `typed` is kept: never null, and true exactly where `breaches` is empty."""
    cells = [condition for column in columns for condition in _demands(column)]
    kept = [f.coalesce(f.expr(rule.expression), f.lit(True)) for rule in _rules(columns, contract, "critical")]
    whole = f.col(CORRUPT_RECORD).isNull()
    return f.coalesce(reduce(lambda one, other: one & other, [whole, *cells, *kept]), f.lit(False))


def breaches(columns: tuple[Column, ...], contract: Contract) -> SparkColumn:
    """What a row of `typed` breaks that is critical: an array of rule and detail, null for what it keeps."""
    found = [_cell_breach(column) for column in columns]
    found += [_rule_breach(rule) for rule in _rules(columns, contract, "critical")]
    malformed = _breach("malformed_row", f.lit("the line has too few or too many fields, or an unbalanced quote"))
    return f.when(f.col(CORRUPT_RECORD).isNotNull(), f.array(malformed)).otherwise(f.array(*found))


def warnings(columns: tuple[Column, ...], contract: Contract) -> dict[str, SparkColumn]:
    """For each rule that only warns, whether a clean row breaks it."""
    found = {
        f"{_rule_name(column)}({column.name})": _outside(column, f.col(column.name))
        for column in columns
        if column.severity == "warning" and column.role != "outcome"
    }
    return found | {rule.name: ~f.expr(rule.expression) for rule in _rules(columns, contract, "warning")}


def with_days(raw: DataFrame, contract: Contract, days: Collection[date], spark: SparkSession) -> tuple[DataFrame, Contract]:
    """Rows with what row rules ask of their day, worked out once a day, and the contract whose rules read it there."""
    calls = sorted({call for rule in contract.row_rules for call in _OF_THE_DAY.findall(rule.expression)})
    first, last = min(days), max(days)
    if not calls or (last - first).days > _CALENDAR:
        return raw, contract
    names = {call: f"_day_{place}" for place, call in enumerate(calls)}
    every = f.explode(f.sequence(f.lit(first), f.lit(last))).alias("contact_date")
    found = spark.range(1).select(every).select(*map(f.expr, calls)).collect()
    place = f.datediff("contact_date", f.lit(first))
    looked_up = {name: f.get(f.array(*(f.lit(row[at]) for row in found)), place) for at, name in enumerate(names.values())}
    rules = tuple(
        rule.model_copy(update={"expression": _OF_THE_DAY.sub(lambda call: names[call[0]], rule.expression)})
        for rule in contract.row_rules
    )
    return raw.withColumns(looked_up), contract.model_copy(update={"row_rules": rules})


def _rules(columns: tuple[Column, ...], contract: Contract, severity: Severity) -> list[RowRule]:
    """Rules of a severity over columns that are there."""
    declared = {column.name for column in columns}
    return [rule for rule in contract.row_rules if rule.severity == severity and set(rule.columns) <= declared]


def _typed(column: Column) -> SparkColumn:
    text = f.col(column.name)
    if column.role == "outcome":
        return f.when(text == column.positive, 1).when(text.isin(*column.categories), 0).cast("int")
    parsed = text.try_cast(clean_type(column))
    return parsed if column.type != "double" else f.when(~text.rlike(_JAVA_ONLY), parsed)


def _demands(column: Column) -> list[SparkColumn]:
    """What must be true of a cell; together, the negation of `_cell_breach`."""
    text, value = f.col(text_of(column.name)), f.col(column.name)
    demands = [value.isNotNull()]
    if column.type == "string":
        demands.append(f.trim(text) != "")
    if column.severity == "critical":
        demands.append(~_outside(column, text if column.type == "string" else value))
    elif column.type != "string":
        demands.append(~_impossible(column, value))
    return demands


def _outside(column: Column, value: SparkColumn) -> SparkColumn:
    """Whether a cell that parsed holds what the contract does not allow."""
    if column.categories:
        return ~value.isin(*column.categories)
    if column.pattern:
        return ~value.rlike(f"^(?:{column.pattern})\\z")  # `$` would leave out a line's end, and Java knows six of them
    bounds = [value < column.min] if column.min is not None else []
    bounds += [value > column.max] if column.max is not None else []
    if column.type == "double":
        bounds.append(f.isnan(value))
    return reduce(lambda one, other: one | other, bounds, f.lit(False))


def _impossible(column: Column, value: SparkColumn) -> SparkColumn:
    """Whether a number whose range only warns is one that its unit cannot hold; NaN is none, and above all others in Spark."""
    low, high = column.bounds
    bounds = [value < low] if low is not None else []
    bounds += [value > high] if high is not None else []
    return reduce(lambda one, other: one | other, bounds, f.lit(False))


def _rule_name(column: Column) -> str:
    return "category" if column.categories else "pattern" if column.pattern else "range"


def _breach(rule: str, detail: SparkColumn) -> SparkColumn:
    return f.struct(f.lit(rule).alias("rule"), detail.alias("detail"))


def _cell_breach(column: Column) -> SparkColumn:
    """The breach of one cell, or null. What does not parse is always critical: there is nothing to keep."""
    text, value = f.col(text_of(column.name)), f.col(column.name)
    quoted = f.substring(text, 1, 40)
    parsed = f.lit(True) if column.type == "string" else value.isNotNull()
    breach = f.when(
        text.isNull() | (f.trim(text) == ""), _breach(f"missing({column.name})", f.lit(f"{column.name} is empty"))
    ).when(
        ~parsed,
        _breach(f"type({column.name})", f.concat(f.lit(f"{column.name} '"), quoted, f.lit(f"' is no {column.type}"))),
    )
    if column.severity == "warning":
        if column.type == "string":
            return breach
        detail = f.concat(f.lit(f"{column.name} '"), quoted, f.lit(f"' is no value of its unit: {column.possible}"))
        return breach.when(_impossible(column, value), _breach(f"range({column.name})", detail))
    return breach.when(
        _outside(column, text if column.type == "string" else value),
        _breach(
            f"{_rule_name(column)}({column.name})",
            f.concat(f.lit(f"{column.name} '"), quoted, f.lit(f"' is not {column.allowed}")),
        ),
    )


def _rule_breach(rule: RowRule) -> SparkColumn:
    # A rule over a cell that did not parse is null: that cell has its own breach already.
    return f.when(~f.expr(rule.expression), _breach(rule.name, f.lit(rule.description)))
