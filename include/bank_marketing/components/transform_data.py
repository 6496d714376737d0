"""Transformation: the snapshot becomes point-in-time features, split by time into train, validation and holdout."""

from __future__ import annotations

import json
import logging
from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic import Field

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.campaign.features import FeatureSpec
from bank_marketing.components import ingest_data
from bank_marketing.components.context import Entity, RunContext
from bank_marketing.etl.snapshot import Snapshot

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

COMPONENT = "transform_data"
KIND = "features"
FEATURES = "features"

#: Rows that lie together in a file: who reads some days skips the others. Fewer would be read slower as a whole.
ROWS_PER_GROUP = 50_000

log = logging.getLogger(__name__)


class TransformationConfig(Entity):
    """Where the campaign is cut."""

    holdout_rows: int = Field(default=500, gt=0, description="sampling error of F1 near .02, small enough to see a bad model")
    holdout_days: int = Field(default=20, gt=0, description="a month of calls, so that no single day decides")
    validation_rows: int = Field(
        default=5000, gt=0, description="the threshold needs that many; fewer follow the last month's luck"
    )
    max_share: float = Field(default=0.3, gt=0, lt=1, description="share of the rows that either part may take at most")
    min_train_rows: int = Field(default=1000, gt=0, description="about 50 subscribers at the crisis' rates of 3 to 6 percent")
    rows_per_file: int = Field(default=2_000_000, gt=0, description="about 100 MB of Parquet")


class TransformationInputs(Entity):
    """The snapshot to transform. `validation` is the gate it passed; it changes nothing in the features."""

    snapshot: ArtifactRef
    validation: ArtifactRef | None = None


class FeaturesArtifact(Entity):
    """The features table of a snapshot: `features/*.parquet`, `split.json`, `campaign_state.json`."""

    ref: ArtifactRef
    rows: dict[str, int]
    split: dict[str, str | int]
    campaign_state: dict[str, Any]


def run(config: TransformationConfig, inputs: TransformationInputs, context: RunContext) -> FeaturesArtifact:
    """Make the features and publish them.

    Raises:
        NotEnoughHistory: too few days have landed for a split.
        ArtifactMissing, ArtifactCorrupt: the snapshot is not what the reference says.
    """
    from pyspark.sql import functions as f

    from bank_marketing.etl.features import build_features, campaign_history, daily_outcomes
    from bank_marketing.etl.session import spark_session
    from bank_marketing.etl.snapshot import read_snapshot
    from bank_marketing.etl.split import temporal_split

    snapshot = ingest_data.load(inputs.snapshot, context).snapshot
    spark = spark_session(f"bank-marketing {COMPONENT} {context.as_of}", context.settings)
    contacts = read_snapshot(spark, snapshot, context.store, context.contract)
    total = snapshot.rows["clean"] - len(snapshot.superseded)
    files = max(1, -(-total // config.rows_per_file))
    if files == 1:  # opening hundreds of small files a second time costs more than keeping their rows
        contacts = contacts.persist()
    spec = context.campaign.features
    days = daily_outcomes(contacts, _list_sizes(snapshot, spark), spec).persist()
    landed = sorted((row["contact_date"], row["contacts"]) for row in days.select("contact_date", "contacts").collect())
    split = temporal_split(landed, **config.model_dump(exclude={"rows_per_file"}))
    part = (
        f.when(f.col("contact_date") < f.lit(split.validation_from), "train")
        .when(f.col("contact_date") < f.lit(split.holdout_from), "validation")
        .otherwise("holdout")
    )
    history = campaign_history(days.unionByName(_coming_day(spark), allowMissingColumns=True), spec).persist()
    state = _campaign_state(snapshot, history, spec)
    features = build_features(contacts, history, context.contract).withColumn("split", part)
    placed = features.coalesce(1) if files == 1 else features.repartitionByRange(files, "contact_date", "contact_id")
    with context.stage() as stage:
        ordered = placed.sortWithinPartitions("contact_date", "contact_id")
        ordered.write.option("parquet.block.row.count.limit", ROWS_PER_GROUP).parquet(f"{stage.uri}/{FEATURES}")
        stage.number_parts(FEATURES)
        (stage.path / "split.json").write_text(json.dumps(split.to_json(), indent=1) + "\n", encoding="utf-8")
        (stage.path / "campaign_state.json").write_text(json.dumps(state, indent=1) + "\n", encoding="utf-8")
        rows = {
            "rows": total,
            "train": split.train_rows,
            "validation": split.validation_rows,
            "holdout": split.holdout_rows,
        }
        manifest = context.publish(
            stage,
            COMPONENT,
            KIND,
            parents=[inputs.snapshot],
            rows=rows,
            parameters=config.model_dump(mode="json"),
            details={"split": split.to_json(), "campaign_state": state, "synthetic": snapshot.synthetic},
            notes={"validation": inputs.validation.uri if inputs.validation else ""},
        )
    for kept in (history, days, contacts):
        kept.unpersist()
    log.info(
        "features of %d contacts: %s", total, ", ".join(f"{count} {name}" for name, count in rows.items() if name != "rows")
    )
    return FeaturesArtifact(ref=manifest.ref, rows=rows, split=split.to_json(), campaign_state=state)


def load(ref: ArtifactRef, context: RunContext) -> FeaturesArtifact:
    """The artifact behind a reference."""
    manifest = context.store.manifest(ref)
    split: Any = manifest.details["split"]
    state: Any = manifest.details["campaign_state"]
    return FeaturesArtifact(ref=ref, rows=manifest.rows, split=split, campaign_state=state)


def _list_sizes(snapshot: Snapshot, spark: SparkSession) -> DataFrame:
    """`contact_date` and `list_size` of each day. As Arrow: from a list of tuples, Spark would start workers of Python."""
    import pyarrow as pa

    sizes = {day.contact_date: day.rows_read - day.duplicates for day in snapshot.days}
    return spark.createDataFrame(
        pa.table({"contact_date": pa.array(sizes.keys(), pa.date32()), "list_size": pa.array(sizes.values(), pa.int64())})
    )


def _coming_day(spark: SparkSession) -> DataFrame:
    """The day after all others, of which nothing is known but that it comes: its history is that of the last evening."""
    from pyspark.sql import functions as f

    return spark.range(1).select(f.lit(date.max).alias("contact_date"))


def _campaign_state(snapshot: Snapshot, history: DataFrame, features: FeatureSpec) -> dict[str, Any]:
    """The campaign's counts as the evening of the last landed day knows them: the features of the next contact day.

    `list_size` and `days_since_last_contact_day` depend on the coming day and its list: whoever scores fills them in.
    """
    from pyspark.sql import functions as f

    last = snapshot.days[-1].contact_date
    row = history.where(f.col("contact_date") == f.lit(date.max)).collect()[0]
    sizes = {"list_size": snapshot.days[-1].rows_read - snapshot.days[-1].duplicates}
    return {"last_contact_day": last.isoformat()} | {count.name: int(row[count.name]) for count in features.counts} | sizes
