"""Contacts that a landed file holds more than once: found in what was written, where an identifier is one narrow column."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as f

#: Where a row of a written file stands.
_PLACE = ("_file", "_row")


def repeated_contacts(clean: DataFrame) -> DataFrame:
    """contact_date and contact_id of the contacts that a day of `clean` holds more than once."""
    # Counted by a number first: groups by text cost four times as much, and nearly always there are none.
    numbered = clean.select("contact_date", "contact_id", f.xxhash64("contact_id").alias("_id"))
    suspects = numbered.groupBy("contact_date", "_id").count().where("count > 1").drop("count")
    found = numbered.join(f.broadcast(suspects), ["contact_date", "_id"], "left_semi")
    return found.groupBy("contact_date", "contact_id").count().where("count > 1").drop("count")


def days_of(repeated: DataFrame) -> list[date]:
    """The days that hold them."""
    return sorted(row["contact_date"] for row in repeated.select("contact_date").distinct().collect())


def last_rows(clean: DataFrame, repeated: DataFrame) -> DataFrame:
    """Rows of written days, of each repeated contact only the last one; those of a file stay in its order."""
    placed = clean.select("*", f.col("_metadata.file_path").alias(_PLACE[0]), f.col("_metadata.row_index").alias(_PLACE[1]))
    latest = Window.partitionBy("contact_date", "contact_id").orderBy(*(f.col(name).desc() for name in _PLACE))
    earlier = (
        placed.select("contact_date", "contact_id", *_PLACE)
        .join(repeated, ["contact_date", "contact_id"], "left_semi")
        .withColumn("_rank", f.row_number().over(latest))
        .where("_rank > 1")
        .select(*_PLACE)
    )
    kept = placed.join(f.broadcast(earlier), list(_PLACE), "left_anti")
    # By ranges of whole files: parts of a huge day stay apart and in their order, and a small day stays one file.
    return kept.repartitionByRange("contact_date", _PLACE[0]).sortWithinPartitions("contact_date", *_PLACE).drop(*_PLACE)
