"""Reading landed files as they are: permissive, all text, each row with its day and its place in its file."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as f

from bank_marketing.contract import Column, Contract
from bank_marketing.contract.spark import read_schema

#: The landing folder of a day, `…/dt=2010-06-30/contacts.csv`.
_DAY_OF_PATH = r"/dt=(\d{4}-\d{2}-\d{2})/"


def read_landed(spark: SparkSession, uris: Sequence[str], columns: tuple[Column, ...], contract: Contract) -> DataFrame:
    """Rows of landed files, unparsed.

    Returns:
        The columns as text, `_corrupt_record` (the line, when its number of fields is wrong), `contact_date` (from the folder; null
        for a file that lies in no day's folder) and `source_row` (1 for the first data row of its file).
    """
    raw = (
        spark.read.schema(read_schema(columns))
        .option("header", True)
        .option("sep", contract.delimiter)
        .option("quote", contract.quote)
        .option("encoding", contract.encoding)
        .option("mode", "PERMISSIVE")
        .csv(list(uris))
        .withColumn("contact_date", f.regexp_extract(f.col("_metadata.file_path"), _DAY_OF_PATH, 1).try_cast("date"))
        .withColumn("_block", f.col("_metadata.file_block_start"))
        .withColumn("_order", f.monotonically_increasing_id())
    )
    in_file = Window.partitionBy("contact_date").orderBy("_block", "_order")
    return raw.withColumn("source_row", f.row_number().over(in_file)).drop("_block", "_order")
