"""Reading landed files as they are: permissive, all text, each row with its day and its place in its file."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as f

from bank_marketing.contract import Column, Contract
from bank_marketing.contract.spark import read_schema
from bank_marketing.errors import ConfigError

#: The landing folder of a day, `…/dt=2010-06-30/contacts.csv`; folders further up may be named after days as well.
_DAY_FOLDER = "dt="

#: Where a row stands: the byte its part of the file begins at, and a number that grows within that part.
BLOCK, _ORDER = "_block", "_order"


def literal(uri: str) -> str:
    """A path for Spark to read as it is written: Spark takes each path for a pattern, and names may hold its signs."""
    return re.sub(r"([\\{}\[\]*?])", r"\\\1", uri)


def read_landed(spark: SparkSession, paths: Sequence[Path], columns: tuple[Column, ...], contract: Contract) -> DataFrame:
    """Rows of landed files, unparsed. No row is moved: those of a file stay in its order.

    Raises:
        ConfigError: Spark would read other files than these: it leaves out those whose names begin with `_` or `.`.

    Returns:
        The columns as text, `_corrupt_record` (the line, when its number of fields is wrong), `contact_date` (from the folder; null
        for a file that lies in no day's folder), and `_block` and `_order`, from which `number_rows` tells a row's place.
    """
    raw = (
        spark.read.schema(read_schema(columns))
        .option("header", True)
        .option("sep", contract.delimiter)
        .option("quote", contract.quote)
        .option("encoding", contract.encoding)
        .option("mode", "PERMISSIVE")
        .csv([literal(f"file://{path}") for path in paths])
    )
    _check_files(raw, paths)
    # Once for each row: a regular expression here takes as long as reading the row.
    folder = f.substring_index(f.col("_metadata.file_path"), "/", -2)
    day = f.when(folder.startswith(_DAY_FOLDER), f.substring(folder, len(_DAY_FOLDER) + 1, 10).try_cast("date"))
    return raw.select(
        "*",
        day.alias("contact_date"),
        f.col("_metadata.file_block_start").alias(BLOCK),
        f.monotonically_increasing_id().alias(_ORDER),
    )


def number_rows(raw: DataFrame) -> DataFrame:
    """Give rows of `read_landed` their place in their file, `source_row`: 1 for the first data row.

    All rows are sorted for that, each part of a file by itself.
    """
    block = Window.partitionBy("contact_date", BLOCK)
    numbered = raw.withColumns(
        {"_place": f.row_number().over(block.orderBy(_ORDER)), "_rows": f.count(f.lit(1)).over(block)},
    )
    earlier = Window.partitionBy("contact_date").orderBy(BLOCK).rangeBetween(Window.unboundedPreceding, -1)
    before = f.coalesce(f.sum(f.when(f.col("_place") == 1, f.col("_rows"))).over(earlier), f.lit(0))
    placed = numbered.withColumn("source_row", (f.col("_place") + before).cast("int"))
    return placed.drop(BLOCK, _ORDER, "_place", "_rows")


def _check_files(raw: DataFrame, paths: Sequence[Path]) -> None:
    """Nothing but the files that were inspected is read. Spark's list of files is at hand: no job runs."""
    wanted = Counter(os.path.normpath(path) for path in paths)  # as Spark writes a path: without `..`
    found = Counter(unquote(urlsplit(uri).path) for uri in raw.inputFiles())
    if wrong := sorted((wanted - found) + (found - wanted)):
        raise ConfigError(
            f"Spark would not read exactly the files that were checked ({wrong[0]}): give the file a name of letters, digits and "
            "hyphens, and run again; nothing was read"
        )
