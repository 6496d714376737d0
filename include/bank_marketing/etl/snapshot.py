"""The data as of a day: which clean directories it is made of, and how to read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from bank_marketing.artifacts import ArtifactStore
from bank_marketing.contract import Contract

if TYPE_CHECKING:  # whoever traces a prediction reads snapshots without a Spark at hand: the service's image has none
    from pyspark.sql import DataFrame, SparkSession


def is_clean_part(path: str) -> bool:
    """Whether a file of a clean directory has clean rows; `rejected/` beside them holds what was not clean."""
    return path.startswith("part-") and path.endswith(".parquet")


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CleanDay(_Entry):
    """One landed file, cleaned: where it is and how its rows came out."""

    contact_date: date
    source_sha256: str
    path: str = Field(description="relative to the store's root, so that a snapshot is the same wherever it lies")
    digest: str = Field(description="content digest of the clean directory")
    rows_read: int
    clean: int
    rejected: int
    duplicates: int
    warnings: dict[str, int] = {}
    parts: int = Field(default=1, description="files of clean rows: several for a huge day")

    @property
    def files(self) -> list[str]:
        """Its files of clean rows, in the order of the landed file, relative to the store's root."""
        return [f"{self.path}/part-{number}.parquet" for number in range(self.parts)] if self.clean else []

    @model_serializer(mode="wrap")
    def _usual(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without what nearly all days have in common: a snapshot lists thousands of them."""
        content: dict[str, Any] = serialize(self)
        if self.parts == 1:
            del content["parts"]
        return content


class Superseded(_Entry):
    """A contact that landed on two days: the later file's row stands."""

    contact_id: str
    kept: date
    dropped: date
    identical: bool


class Snapshot(_Entry):
    """All clean days up to and including `as_of`."""

    as_of: date
    synthetic: bool
    days: tuple[CleanDay, ...]
    superseded: tuple[Superseded, ...] = ()

    @property
    def rows(self) -> dict[str, int]:
        """Sums over all days; `superseded` rows are in `clean` and left out when the snapshot is read."""
        totals = {
            name: sum(getattr(day, name) for day in self.days) for name in ("rows_read", "clean", "rejected", "duplicates")
        }
        return totals | {"superseded": len(self.superseded)}


def read_days(spark: SparkSession, days: Sequence[CleanDay], store: ArtifactStore, contract: Contract) -> DataFrame:
    """Clean rows of the given days, as they were published."""
    from bank_marketing.contract.spark import clean_schema
    from bank_marketing.etl.reading import literal

    paths = [literal(store.spark_uri(store.uri(file))) for day in days for file in day.files]
    return spark.read.schema(clean_schema(contract.columns)).parquet(*paths)


def read_snapshot(spark: SparkSession, snapshot: Snapshot, store: ArtifactStore, contract: Contract) -> DataFrame:
    """Rows of a snapshot: one a contact, the later landed one where a contact landed twice."""
    from pyspark.sql import functions as f

    rows = read_days(spark, snapshot.days, store, contract)
    if not snapshot.superseded:
        return rows
    dropped = spark.createDataFrame(
        [(entry.contact_id, entry.dropped) for entry in snapshot.superseded], "contact_id string, contact_date date"
    )
    return rows.join(f.broadcast(dropped), ["contact_id", "contact_date"], "left_anti")


def find_superseded(rows: DataFrame, contract: Contract) -> list[Superseded]:
    """Contacts that stand in the files of more than one day. The number of rows collected is that of the doubles."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    content = [column.name for column in contract.columns if not column.derived]
    # Counted by a number first: groups by text cost four times as much, and nearly always there are none.
    numbered = rows.withColumn("_id", f.xxhash64("contact_id"))
    doubles = numbered.groupBy("_id").count().where("count > 1").select("_id")
    newest = Window.partitionBy("contact_id").orderBy(f.col("contact_date").desc())
    found = (
        numbered.join(f.broadcast(doubles), "_id", "left_semi")
        .withColumn("_content", f.xxhash64(*content))
        .withColumn("_rank", f.row_number().over(newest))
        .withColumn("_kept", f.first("contact_date").over(newest))
        .withColumn("_same", f.first("_content").over(newest) == f.col("_content"))
        .where("_rank > 1")
        .orderBy("contact_id", "contact_date")
        .select("contact_id", "contact_date", "_kept", "_same")
        .collect()
    )
    return [
        Superseded(contact_id=row["contact_id"], kept=row["_kept"], dropped=row["contact_date"], identical=row["_same"])
        for row in found
    ]
