"""From text to typed rows: each row is clean, rejected with its reasons, or a duplicate. None disappears.

Nearly all rows are good, so they take the short way (`good_rows`): typed, checked and written where they were read. Reasons, places
and duplicates are worked out for the few others alone (`left_out`).
"""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as f

from bank_marketing.contract import Column, Contract
from bank_marketing.contract.spark import CORRUPT_RECORD
from bank_marketing.etl.judging import breaches, is_good, text_of, typed
from bank_marketing.etl.reading import number_rows

CLEAN, REJECTED, DUPLICATE, SUPERSEDED = "clean", "rejected", "duplicate", "superseded"


def good_rows(raw: DataFrame, columns: tuple[Column, ...], contract: Contract) -> DataFrame:
    """Rows of `read_landed` whose line and cells parse and which keep every critical rule, in the order of their files.

    Contacts that a file holds more than once are still there as often.

    Returns:
        contact_id, contact_date, the other columns typed.
    """
    names = [column.name for column in columns]
    return typed(raw, columns).where(is_good(columns, contract)).select(names[0], "contact_date", *names[1:])


def left_out(raw: DataFrame, columns: tuple[Column, ...], contract: Contract, repeated: DataFrame) -> DataFrame:
    """Rows of `read_landed` that are not clean, with their place and the reason.

    A row is rejected when its line or a cell does not parse, a cell is missing, or a critical rule of the contract is broken. Of
    the remaining rows of one file with the same contact_id the last one stands: the others are `duplicate` when they are equal to
    it, else `superseded`.

    Args:
        raw: rows as landed.
        columns: of the file.
        contract: what they must keep.
        repeated: `contact_date` and `contact_id` of the contacts that a file holds more than once among its good rows.

    Returns:
        contact_date, source_row, contact_id, status (rejected, duplicate, superseded), breaches, raw (the row as text).
    """
    settled = judged_rows(raw, columns, contract, repeated)
    return settled.where(f.col("status") != CLEAN).select(
        "contact_date", "source_row", "contact_id", "status", "breaches", "raw"
    )


def clean_rows(raw: DataFrame, columns: tuple[Column, ...], contract: Contract) -> DataFrame:
    """All rows of `read_landed` as `left_out` and `good_rows` tell of them, for a single file.

    Returns:
        contact_id, contact_date, the other columns typed, `source_row`, `status` (clean, rejected, duplicate, superseded),
        `breaches` (array of rule and detail; why it was rejected) and `raw` (the row as text).
    """
    names = [column.name for column in columns]
    return judged_rows(raw, columns, contract).select(
        "contact_id", "contact_date", *names[1:], "source_row", "status", "breaches", "raw"
    )


def judged_rows(
    raw: DataFrame, columns: tuple[Column, ...], contract: Contract, repeated: DataFrame | None = None
) -> DataFrame:
    """Rows with their place, status and breaches; with `repeated`, only rows that are not good and rows of those contacts."""
    names = [column.name for column in columns]
    good = is_good(columns, contract)
    rows = typed(raw, columns).withColumn("_good", good)
    if repeated is not None:
        again = repeated.select("contact_date", f.col("contact_id").alias(text_of("contact_id")), f.lit(True).alias("_again"))
        rows = rows.join(again, ["contact_date", text_of("contact_id")], "left")
        asked = ~f.col("_good") | f.col("_again").isNotNull()
        # All rows are sorted to count their places: those that nobody asks for bring nothing but their place.
        places = ["contact_date", "_block", "_order"]
        content = [name for name in rows.columns if name not in places]
        slim = rows.select(*places, f.when(asked, f.struct(*content)).alias("_row"))
        numbered = number_rows(slim, f.col("_row").isNotNull()).select("contact_date", "source_row", "_row.*")
    else:
        numbered = number_rows(rows)
    texts = [f.col(text_of(name)) for name in names]
    line = f.concat_ws(contract.delimiter, *(f.coalesce(text, f.lit("")) for text in texts))
    same_contact = Window.partitionBy("contact_date", "_good", text_of("contact_id")).orderBy(f.col("source_row").desc())
    status = (
        f.when(~f.col("_good"), REJECTED)
        .when(f.col("_rank") == 1, CLEAN)
        .when(f.col("_content") == f.col("_last"), DUPLICATE)
        .otherwise(SUPERSEDED)
    )
    return (
        numbered.withColumn("raw", f.coalesce(f.col(CORRUPT_RECORD), line))
        .withColumn("_content", f.xxhash64(*texts))
        .withColumn("_rank", f.row_number().over(same_contact))
        .withColumn("_last", f.first("_content").over(same_contact))
        .withColumn("status", status)
        .withColumn("breaches", breaches(columns, contract))
    )
