"""Spark's view of the contract: the explicit schema of a landed file and of a clean row."""

from __future__ import annotations

from pyspark.sql import types as t

from bank_marketing.contract.model import Column

#: Where Spark's permissive mode keeps a line that has too few or too many fields.
CORRUPT_RECORD = "_corrupt_record"

_TYPES: dict[str, t.DataType] = {"integer": t.IntegerType(), "double": t.DoubleType(), "string": t.StringType()}


def read_schema(columns: tuple[Column, ...]) -> t.StructType:
    """Schema to read a landed file with: every cell as text, so that a cell that does not parse can be shown as it was."""
    fields = [t.StructField(column.name, t.StringType()) for column in columns]
    return t.StructType([*fields, t.StructField(CORRUPT_RECORD, t.StringType())])


def clean_type(column: Column) -> t.DataType:
    """Type of a column in the clean zone; the outcome is an integer 0/1 there."""
    return t.IntegerType() if column.role == "outcome" else _TYPES[column.type]


def clean_schema(columns: tuple[Column, ...]) -> t.StructType:
    """Schema of the clean zone: contact_id, contact_date, then the other columns."""
    fields = [t.StructField(column.name, clean_type(column)) for column in columns]
    return t.StructType([fields[0], t.StructField("contact_date", t.DateType()), *fields[1:]])
