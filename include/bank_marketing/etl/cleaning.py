"""From text to typed rows, each judged by itself: what `settle` makes clean rows, rejected ones and duplicates of. None disappears."""

from __future__ import annotations

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as f

from bank_marketing.contract import Column, Contract
from bank_marketing.contract.spark import CORRUPT_RECORD
from bank_marketing.etl.judging import breaches, is_good, text_of, typed, warnings
from bank_marketing.etl.reading import BLOCK

CLEAN, REJECTED, DUPLICATE, SUPERSEDED = "clean", "rejected", "duplicate", "superseded"

#: What `judged_rows` adds to a row: whether it is kept, a number for what it says, and its text.
GOOD, CONTENT, RAW = "_good", "_content", "raw"


def warning_name(place: int) -> str:
    """Where `judged_rows` says whether a row breaks the rule at a place of `warnings`."""
    return f"_warning_{place}"


def judged_rows(raw: DataFrame, columns: tuple[Column, ...], contract: Contract) -> DataFrame:
    """All rows of `read_landed`, each judged by itself, where it was read: no row is moved, and those of a file stay in its order.

    Which of several rows of a contact stands is for `settle` to say: it sees a day as a whole.

    Args:
        raw: rows as landed.
        columns: of the files.
        contract: what they must keep.

    Returns:
        contact_id, contact_date, the other columns typed; `_good` (its line and cells parse, and every critical rule is kept),
        `breaches` (array of rule and detail, with nulls between them; null for good rows), `raw` (the row as text), `_content`
        (equal for rows that say the same), for each of `warnings` whether it is broken, and `_block`.
    """
    names = [column.name for column in columns]
    rows = typed(raw, columns).withColumn(GOOD, is_good(columns, contract))
    warned = warnings(columns, contract).values()
    return rows.select(
        names[0],
        "contact_date",
        *names[1:],
        GOOD,
        f.when(~f.col(GOOD), breaches(columns, contract)).alias("breaches"),
        _line(names, contract).alias(RAW),
        _content(names).alias(CONTENT),
        *(f.coalesce(broken, f.lit(False)).alias(warning_name(place)) for place, broken in enumerate(warned)),
        BLOCK,
    )


def _line(names: list[str], contract: Contract) -> SparkColumn:
    """A row as text: the line where it is malformed, else its cells."""
    cells = (f.coalesce(f.col(text_of(name)), f.lit("")) for name in names)
    return f.coalesce(f.col(CORRUPT_RECORD), f.concat_ws(contract.delimiter, *cells))


def _content(names: list[str]) -> SparkColumn:
    return f.xxhash64(*(f.col(text_of(name)) for name in names))
