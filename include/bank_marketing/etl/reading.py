"""Reading landed files as they are: permissive, all text, each row with its day and its place in its file."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from bank_marketing.contract import Column, Contract
from bank_marketing.contract.spark import read_schema
from bank_marketing.errors import ConfigError

#: The landing folder of a day, `…/dt=2010-06-30/contacts.csv`; folders further up may be named after days as well.
_DAY_FOLDER = "dt="

#: The byte that a row's part of the file begins at: a huge file is read in parts.
BLOCK = "_block"


def literal(uri: str) -> str:
    """A path for Spark to read as it is written: Spark takes each path for a pattern, and names may hold its signs."""
    return re.sub(r"([\\{}\[\]*?])", r"\\\1", uri)


def read_landed(spark: SparkSession, paths: Sequence[Path], columns: tuple[Column, ...], contract: Contract) -> DataFrame:
    """Rows of landed files, unparsed. No row is moved: those of a file stay in its order.

    Raises:
        ConfigError: Spark would read other files than these: it leaves out those whose names begin with `_` or `.`.

    Returns:
        The columns as text, `_corrupt_record` (the line, when its number of fields is wrong), `contact_date` (from the folder; null
        for a file that lies in no day's folder), and `_block`.
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
    folder = f.substring_index(f.input_file_name(), "/", -2)
    day = f.when(folder.startswith(_DAY_FOLDER), f.substring(folder, len(_DAY_FOLDER) + 1, 10).try_cast("date"))
    return raw.select(
        "*",
        day.alias("contact_date"),
        f.expr("input_file_block_start()").alias(BLOCK),
    )


def _check_files(raw: DataFrame, paths: Sequence[Path]) -> None:
    """Nothing but the files that were inspected is read. Spark's list of files is at hand: no job runs."""
    wanted = Counter(os.path.normpath(path) for path in paths)  # as Spark writes a path: without `..`
    found = Counter(unquote(urlsplit(uri).path) for uri in raw.inputFiles())
    if wrong := sorted((wanted - found) + (found - wanted)):
        raise ConfigError(
            f"Spark would not read exactly the files that were checked ({wrong[0]}): give the file a name of letters, digits and "
            "hyphens, and run again; nothing was read"
        )
