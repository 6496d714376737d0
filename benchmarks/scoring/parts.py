"""What is measured, each in a process of its own: `python -m benchmarks.scoring.parts HOME PART ROWS` prints the figures as JSON."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.components.context import RunContext
from bank_marketing.pipelines.scoring import STEPS
from bank_marketing.scoring import batch, prospects
from benchmarks.scoring.platform import EVENING, settings_of

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

REFS = "refs.json"

#: Rows that are in memory as one features table.
TABLE_ROWS = 200_000

#: Processor seconds of each process that was seen.
_seen: dict[psutil.Process, float] = {}

#: `clock` and `cpu`, both in seconds.
Figures = dict[str, float]


def nightly(context: RunContext, rows: int) -> dict[str, Figures]:
    """The nightly run, step by step; its references are kept for the other parts."""
    refs: dict[str, ArtifactRef] = {}
    figures = {}
    _start_spark(context)
    for name, step in STEPS.items():
        figures[name], refs[name] = _timed(partial(step, refs, context, {}))
    kept = {name: ref.model_dump() for name, ref in refs.items()}
    (context.settings.home / f"{rows}-{REFS}").write_text(json.dumps(kept), encoding="utf-8")
    return figures


def predict(context: RunContext, rows: int) -> dict[str, Figures]:
    """The model's own predict in this one process, on the same rows, in memory as features tables when the time is taken."""
    model = _model(context, rows)
    return {"predict": _summed(_timed(partial(model.predict_proba, table))[0] for table in _tables(context, rows))}


def scorer(context: RunContext, rows: int) -> dict[str, Figures]:
    """What an executor does, in this one process: predict, decision, profit, reasons, digest of the input."""
    import pyarrow as pa

    from bank_marketing.scoring.partition import _scorer, score_batch

    refs = _refs(context, rows)
    job = batch.scoring_job(batch.ScoringInputs(model=refs["select_model"], prospects=refs["validate_prospects"]), context)
    made = _scorer(job)

    def run(batches: list[pa.RecordBatch]) -> None:
        for part in batches:
            score_batch(made, job, part)

    cut = (pa.Table.from_batches([taken]).to_batches(max_chunksize=10_000) for taken in _lists(context, rows))
    return {"scorer": _summed(_timed(partial(run, batches))[0] for batches in cut)}


def spark_udf(context: RunContext, rows: int) -> dict[str, Figures]:
    """`mlflow.pyfunc.spark_udf` of the same model on the same rows and cores: probabilities only, written nowhere."""
    import mlflow
    from pyspark.sql import functions as f

    from bank_marketing.registry.tracking import connect
    from bank_marketing.scoring.scorer import feature_rows

    connect(context.settings)
    spark = _start_spark(context)
    checked = _checked(context, rows)
    table = spark.read.parquet(f"{checked.ref.uri}/{prospects.CLEAN}").repartition(
        -(-checked.rows["clean"] // batch.ScoringConfig().rows_per_task)
    )
    known = feature_rows(table.limit(1).toPandas(), checked.day, checked.state, checked.rows["rows_read"])
    counted = {name: known[name].iloc[0].item() for name in known.columns if name not in table.columns}
    table = table.withColumns({name: f.lit(value).cast("long") for name, value in counted.items()})
    uri = f"models:/{context.settings.model_name}@production"
    wanted = mlflow.models.get_model_info(uri).signature.inputs.inputs
    inputs = [f.col(column.name).cast(column.type.to_spark()).alias(column.name) for column in wanted]
    udf = mlflow.pyfunc.spark_udf(spark, uri, result_type="double", env_manager="local")
    scored = table.select("contact_id", udf(f.struct(*inputs)).alias("probability"))
    return {"spark_udf": _timed(lambda: scored.write.format("noop").mode("overwrite").save())[0]}


def _timed(run: Callable[[], Any]) -> tuple[Figures, Any]:
    """Seconds on the clock and of all processors together, and what `run` returned."""
    before, started, over = _processor_seconds(), time.perf_counter(), threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            _processor_seconds()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        made = run()
        clock = time.perf_counter() - started
    finally:
        over.set()
        watcher.join()
    return {"clock": clock, "cpu": _processor_seconds() - before}, made


def _processor_seconds() -> float:
    """Of this process, Spark's JVM and Python's workers; those that have ended count as they were last seen."""
    own = psutil.Process()
    for process in (own, *own.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            _seen[process] = sum(process.cpu_times()[:2])
    return sum(_seen.values())


def _start_spark(context: RunContext) -> Any:
    """Start Spark and its workers, so that no part pays for it."""
    from bank_marketing.etl.session import spark_session

    spark = spark_session("benchmark", context.settings)
    spark.range(1000).repartition(8).mapInPandas(lambda parts: parts, "id long").count()
    return spark


def _refs(context: RunContext, rows: int) -> dict[str, ArtifactRef]:
    kept = json.loads((context.settings.home / f"{rows}-{REFS}").read_text(encoding="utf-8"))
    return {name: ArtifactRef.model_validate(ref) for name, ref in kept.items()}


def _model(context: RunContext, rows: int) -> Any:
    from bank_marketing.modeling.model import TermDepositModel
    from bank_marketing.modeling.persistence import MODEL_FOLDER

    with context.store.local_copy(f"{_refs(context, rows)['select_model'].uri}/{MODEL_FOLDER}") as folder:
        model = TermDepositModel.load(folder)
    if "n_jobs" in model.estimator.get_params():
        model.estimator.set_params(n_jobs=1)
    return model


def _lists(context: RunContext, rows: int) -> Iterator[pa.RecordBatch]:
    """The checked list in parts of at most TABLE_ROWS, so that a list of any length can be measured."""
    import pyarrow.parquet as pq

    with context.store.local_copy(f"{_checked(context, rows).ref.uri}/{prospects.CLEAN}") as folder:
        for part in sorted(folder.glob("*.parquet")):
            yield from pq.ParquetFile(part).iter_batches(batch_size=TABLE_ROWS)


def _tables(context: RunContext, rows: int) -> Iterator[pd.DataFrame]:
    """The same as features tables."""
    from bank_marketing.scoring.scorer import feature_rows

    checked = _checked(context, rows)
    for taken in _lists(context, rows):
        yield feature_rows(taken.to_pandas(), checked.day, checked.state, checked.rows["rows_read"])


def _checked(context: RunContext, rows: int) -> prospects.ProspectsArtifact:
    return prospects.load(_refs(context, rows)["validate_prospects"], context)


def _summed(figures: Iterable[Figures]) -> Figures:
    taken = list(figures)
    return {kind: sum(figure[kind] for figure in taken) for kind in ("clock", "cpu")}


PARTS: dict[str, Callable[[RunContext, int], dict[str, Figures]]] = {
    "nightly": nightly, "predict": predict, "scorer": scorer, "spark_udf": spark_udf,
}  # fmt: skip


def main() -> None:
    """Run one part."""
    home, part, rows = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    context = RunContext("benchmark", f"scoring-{rows}", EVENING, settings_of(home))
    sys.stdout.write("\n" + json.dumps(PARTS[part](context, rows)) + "\n")


if __name__ == "__main__":
    main()
