"""Third step of a scoring run, a Spark job: every prospect of the list scored, ranked and cut into deciles."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from pydantic import Field

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.components.context import Entity, RunContext
from bank_marketing.scoring import prospects, selection

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from bank_marketing.scoring.partition import ScoringJob

COMPONENT = "score_prospects"
KIND = "scores"
SCORES = "scores"

#: Spark's monotonically increasing id holds the partition's number above these bits, the row's number in it below.
_ROW_BITS = 33

log = logging.getLogger(__name__)


class ScoringConfig(Entity):
    """How the work is shared out."""

    rows_per_task: int = Field(default=50_000, gt=0, description="a few seconds of work, so that cores end together")


class ScoringInputs(Entity):
    """The pinned model and the checked list."""

    model: ArtifactRef
    prospects: ArtifactRef


class ScoresArtifact(Entity):
    """Scores of a list in the order of their rank: `scores/*.parquet`."""

    ref: ArtifactRef
    rows: int
    called: int


def run(config: ScoringConfig, inputs: ScoringInputs, context: RunContext) -> ScoresArtifact:
    """Score the list.

    Raises:
        ArtifactMissing, ArtifactCorrupt: the model or the list is not what its reference says.
        ModelIncompatible: the model does not fit the list.
    """
    from pyspark import StorageLevel

    from bank_marketing.etl.reading import literal
    from bank_marketing.etl.session import spark_session
    from bank_marketing.scoring.partition import SCORED_SCHEMA, score_partition

    checked = prospects.load(inputs.prospects, context)
    context.store.verify(inputs.prospects)
    spark = spark_session(f"bank-marketing {COMPONENT} {context.as_of}", context.settings)
    job = scoring_job(inputs, context)
    shared = spark.sparkContext.broadcast(job)
    rows = spark.read.parquet(literal(f"{context.store.spark_uri(checked.ref.uri)}/{prospects.CLEAN}"))
    tasks = -(-checked.rows["clean"] // config.rows_per_task)
    rows = rows.repartition(tasks) if tasks > 1 else rows
    # On disk: neither Spark's memory nor the executors' grows with the list.
    scored = rows.mapInArrow(partial(score_partition, shared), SCORED_SCHEMA).persist(StorageLevel.DISK_ONLY)
    try:
        called = scored.where("decision").count()
        with context.stage() as stage:
            ranked(scored, checked.rows["clean"]).write.parquet(f"{stage.uri}/{SCORES}")
            stage.number_parts(SCORES)
            manifest = context.publish(
                stage,
                COMPONENT,
                KIND,
                parents=[inputs.model, inputs.prospects],
                rows={"rows": checked.rows["clean"], "called": called},
                details={
                    "day": checked.day.isoformat(),
                    "list_size": checked.list_size,
                    "call_cost": job.economics.call_cost,
                    "deposit_margin": job.economics.deposit_margin,
                },
            )
    finally:
        scored.unpersist()
        shared.unpersist()
    log.info("%d prospects of %s scored, %d to be called", checked.rows["clean"], checked.day, called)
    return load(manifest.ref, context)


def load(ref: ArtifactRef, context: RunContext) -> ScoresArtifact:
    """The artifact behind a reference."""
    rows = context.store.manifest(ref).rows
    return ScoresArtifact(ref=ref, **rows)


def scoring_job(inputs: ScoringInputs, context: RunContext) -> ScoringJob:
    """What the executors are sent."""
    from bank_marketing.modeling.persistence import MODEL_FOLDER
    from bank_marketing.scoring.partition import ScoringJob

    checked = prospects.load(inputs.prospects, context)
    manifest = context.store.verify(inputs.model)
    names = [entry.path for entry in manifest.files if entry.path.startswith(f"{MODEL_FOLDER}/")]
    return ScoringJob(
        model_files={name.split("/")[-1]: context.store.read_bytes(f"{manifest.uri}/{name}") for name in names},
        version=selection.load_version(inputs.model, context),
        economics=selection.load(inputs.model, context).economics,  # as pinned: the prices may change between two tasks
        contract=context.contract,
        day=checked.day,
        state=checked.state,
        list_size=checked.list_size,
    )


def ranked(scored: DataFrame, total: int) -> DataFrame:
    """Rows in order of probability, equal ones by contact_id, with `rank` (1 is best) and `decile` (1 is best).

    Sorted in ranges and numbered by range, so that no single task sees the whole list.
    """
    from pyspark import StorageLevel
    from pyspark.sql import functions as f

    placed = scored.orderBy(f.col("probability").desc(), "contact_id").withColumn("_place", f.monotonically_increasing_id())
    placed = placed.persist(StorageLevel.DISK_ONLY)
    part = f.shiftrightunsigned("_place", _ROW_BITS)
    sizes = {row["part"]: row["count"] for row in placed.groupBy(part.alias("part")).count().collect()}
    before, first = 0, []
    for number, size in sorted(sizes.items()):
        first += [f.lit(number), f.lit(before)]
        before += size
    in_part = f.col("_place").bitwiseAND(f.lit((1 << _ROW_BITS) - 1))
    rank = (f.create_map(*first)[part] + in_part + 1).cast("long")
    return (
        placed.withColumn("rank", rank)
        .withColumn("decile", (f.floor((f.col("rank") - 1) * 10 / f.lit(max(1, total))) + 1).cast("int"))
        .drop("_place")
    )
