"""From text to typed rows: each row is clean, rejected with its reasons, or a duplicate. None disappears."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as f
from pyspark.sql import types as t

from bank_marketing.contract import Column, Contract, RowRule
from bank_marketing.contract.spark import CORRUPT_RECORD, clean_type

CLEAN, REJECTED, DUPLICATE, SUPERSEDED = "clean", "rejected", "duplicate", "superseded"

_BREACH = t.StructType([t.StructField("rule", t.StringType()), t.StructField("detail", t.StringType())])


def clean_rows(raw: DataFrame, columns: tuple[Column, ...], contract: Contract) -> DataFrame:
    """Type and judge the rows of `read_landed`.

    A row is rejected when its line or a cell does not parse, a cell is missing, or a critical rule of the contract is broken. Of
    the remaining rows of one file with the same contact_id the last one stands: the others are `duplicate` when they are equal to
    it, else `superseded`.

    Returns:
        contact_id, contact_date, the other columns typed, `source_row`, `status` (clean, rejected, duplicate, superseded),
        `breaches` (array of rule and detail; why it was rejected), `warnings` (array of rule names) and `raw` (the row as text).
    """
    names = [column.name for column in columns]
    cells = raw.withColumn(
        "raw",
        f.coalesce(
            f.col(CORRUPT_RECORD),
            f.concat_ws(contract.delimiter, *(f.coalesce(f.col(name), f.lit("")) for name in names)),
        ),
    )
    typed = cells.select(
        "contact_date",
        "source_row",
        "raw",
        f.col(CORRUPT_RECORD).alias("_malformed"),
        *(f.col(name).alias(f"_text_{name}") for name in names),
        *(_typed(column).alias(column.name) for column in columns),
    )
    declared = set(names)
    rules = [rule for rule in contract.row_rules if set(rule.columns) <= declared]
    critical = [_cell_breach(column) for column in columns]
    critical += [_rule_breach(rule) for rule in rules if rule.severity == "critical"]
    warnings = [_warning(column) for column in columns if column.severity == "warning"]
    warnings += [_rule_warning(rule) for rule in rules if rule.severity == "warning"]
    malformed = _breach("malformed_row", f.lit("the line has too few or too many fields, or an unbalanced quote"))
    judged = typed.withColumn(
        "breaches",
        f.when(f.col("_malformed").isNotNull(), f.array(malformed)).otherwise(_present(critical, _BREACH)),
    ).withColumn("warnings", _present(warnings, t.StringType()))
    return _settle_duplicates(judged, names).select(
        "contact_id", "contact_date", *names[1:], "source_row", "status", "breaches", "warnings", "raw"
    )


def _typed(column: Column) -> SparkColumn:
    text = f.col(column.name)
    if column.role == "outcome":
        return f.when(text == "yes", 1).when(text == "no", 0).cast("int")
    return text.try_cast(clean_type(column))


def _breach(rule: str, detail: SparkColumn) -> SparkColumn:
    return f.struct(f.lit(rule).alias("rule"), detail.alias("detail"))


def _outside(column: Column) -> SparkColumn:
    """Whether a cell that parsed holds what the contract does not allow."""
    value = f.col(column.name)
    text = f.col(f"_text_{column.name}")
    if column.categories:
        return ~text.isin(*column.categories)
    if column.pattern:
        return ~text.rlike(f"^(?:{column.pattern})$")
    bounds = [value < column.min] if column.min is not None else []
    bounds += [value > column.max] if column.max is not None else []
    if column.type == "double":
        bounds.append(f.isnan(value))
    return reduce(lambda one, other: one | other, bounds, f.lit(False))


def _rule_name(column: Column) -> str:
    return "category" if column.categories else "pattern" if column.pattern else "range"


def _cell_breach(column: Column) -> SparkColumn:
    """The breach of one cell, or null. What does not parse is always critical: there is nothing to keep."""
    text, quoted = f.col(f"_text_{column.name}"), f.substring(f.col(f"_text_{column.name}"), 1, 40)
    parsed = f.lit(True) if column.type == "string" else f.col(column.name).isNotNull()
    breach = f.when(
        text.isNull() | (f.trim(text) == ""), _breach(f"missing({column.name})", f.lit(f"{column.name} is empty"))
    ).when(
        ~parsed,
        _breach(f"type({column.name})", f.concat(f.lit(f"{column.name} '"), quoted, f.lit(f"' is no {column.type}"))),
    )
    if column.severity == "warning":
        return breach
    return breach.when(
        _outside(column),
        _breach(
            f"{_rule_name(column)}({column.name})",
            f.concat(f.lit(f"{column.name} '"), quoted, f.lit(f"' is not {column.allowed}")),
        ),
    )


def _rule_breach(rule: RowRule) -> SparkColumn:
    # A rule over a cell that did not parse is null: that cell has its own breach already.
    return f.when(~f.expr(rule.expression), _breach(rule.name, f.lit(rule.description)))


def _warning(column: Column) -> SparkColumn:
    return f.when(_outside(column), f.lit(f"{_rule_name(column)}({column.name})"))


def _rule_warning(rule: RowRule) -> SparkColumn:
    return f.when(~f.expr(rule.expression), f.lit(rule.name))


def _present(entries: list[SparkColumn], kind: t.DataType) -> SparkColumn:
    if not entries:
        return f.array().cast(t.ArrayType(kind))
    return f.filter(f.array(*entries), lambda entry: entry.isNotNull())


def _settle_duplicates(judged: DataFrame, names: list[str]) -> DataFrame:
    """Give every row its status; the last good row of a contact_id in a file stands for all."""
    good = f.size("breaches") == 0
    content = f.xxhash64(*(f.col(f"_text_{name}") for name in names))
    same_contact = Window.partitionBy("contact_date", good, f.col("_text_contact_id")).orderBy(f.col("source_row").desc())
    return (
        judged.withColumn("_content", content)
        .withColumn("_rank", f.row_number().over(same_contact))
        .withColumn("_last", f.first("_content").over(same_contact))
        .withColumn(
            "status",
            f.when(~good, REJECTED)
            .when(f.col("_rank") == 1, CLEAN)
            .when(f.col("_content") == f.col("_last"), DUPLICATE)
            .otherwise(SUPERSEDED),
        )
    )
