"""Fourth step of a scoring run: predictions on record, then the call list of the day, published in one move."""

from __future__ import annotations

import csv
import hashlib
import logging
import math
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from bank_marketing.artifacts import ArtifactRef, Manifest
from bank_marketing.column_text import content, lines
from bank_marketing.components.context import Entity, RunContext
from bank_marketing.lists import results
from bank_marketing.lists.entities import DUPLICATE, REJECTED
from bank_marketing.lists.scored_columns import HEADER, scored_lines, scored_table
from bank_marketing.lists.spreadsheet import safe_cell
from bank_marketing.scoring import batch, prospects, selection
from bank_marketing.scoring.predictions import PredictionLog, PredictionRecord

if TYPE_CHECKING:
    import pyarrow as pa

COMPONENT = "publish_call_list"
KIND = "call_list"
FOLDER = "call_lists"
SCORES_CSV, CALL_LIST_CSV, REJECTED_CSV = "scores.csv", "call_list.csv", "rejected.csv"

COLUMNS = results.COLUMNS

#: What a prediction's record says of its client alone, beside its id.
OWN = ("contact_id", "input_digest", "probability", "decision")

log = logging.getLogger(__name__)


class CallListConfig(Entity):
    """How much is worked on at once."""

    rows_per_object: int = Field(default=10_000, gt=0, description="predictions in one object of the log; some 5 MB")
    who: str = "bank-marketing"


class CallListInputs(Entity):
    """What the steps before made."""

    model: ArtifactRef
    prospects: ArtifactRef
    scores: ArtifactRef


class CallListArtifact(Entity):
    """The published list of a day: `scores/*.parquet`, `scores.csv`, `call_list.csv`, `rejected.csv`."""

    ref: ArtifactRef
    day: date
    rows: dict[str, int]
    model_version: int
    expected_profit: float
    hindsight: bool
    list_size: int
    understood: tuple[str, ...]


def run(config: CallListConfig, inputs: CallListInputs, context: RunContext) -> CallListArtifact:
    """Publish the list of a day; the list of an earlier run for that day is replaced whole.

    Raises:
        ArtifactMissing, ArtifactCorrupt: the scores are not what their reference says.
        StoreUnavailable: the store refuses a write.
    """
    scores = context.store.verify(inputs.scores)
    checked = prospects.load(inputs.prospects, context)
    chosen = selection.load(inputs.model, context)
    key = hashlib.sha256(f"{context.dag_id}/{context.run_id}/{scores.content_digest}".encode()).hexdigest()[:16]
    with context.stage() as stage:
        recorded = _recorded(f"{checked.day}-{key}", checked, chosen, inputs.scores, config, context)
        profit = _write_lists(recorded, stage.path)
        _write_rejected(stage.path / REJECTED_CSV, checked, context)
        manifest = stage.publish(
            _place(checked, context),
            KIND,
            as_of=context.as_of,
            dag_id=context.dag_id,
            run_id=context.run_id,
            schema_digest=context.contract.digest,
            parents=(inputs.model, inputs.prospects, inputs.scores),
            rows=scores.rows | {"rejected": checked.rows["rejected"], "duplicates": checked.rows["duplicates"]},
            details={
                "day": checked.day.isoformat(),
                "expected_profit": round(profit, 2),
                "synthetic": checked.source["synthetic"],
                "hindsight": in_hindsight(chosen, checked.day),
                "list_size": checked.list_size,
                "understood": list(checked.understood),
            },
            notes={"model_version": chosen.version},
        )
    log.info("call list of %s: %s/%s", checked.day, manifest.uri, CALL_LIST_CSV)
    return _told(manifest)


def load(ref: ArtifactRef, context: RunContext) -> CallListArtifact:
    """The artifact behind a reference."""
    return _told(context.store.manifest(ref))


def _told(manifest: Manifest) -> CallListArtifact:
    details: dict[str, Any] = manifest.details
    notes: dict[str, Any] = manifest.notes
    return CallListArtifact(
        ref=manifest.ref,
        day=details["day"],
        rows=manifest.rows,
        model_version=notes["model_version"],
        expected_profit=details["expected_profit"],
        hindsight=details["hindsight"],
        list_size=details["list_size"],
        understood=details["understood"],
    )


def in_hindsight(chosen: selection.SelectionArtifact, day: date) -> bool:
    """Whether the model has learned outcomes of `day` or later: a past list made again, which must not count as a forecast."""
    return chosen.trained_through >= day.isoformat()


def _place(checked: prospects.ProspectsArtifact, context: RunContext) -> str:
    """One place a day; uploaded lists lie beside, one place a file's content."""
    if checked.source["uploaded"]:
        return context.store.uri(FOLDER, "uploads", f"contact_date={checked.day}", checked.source["sha256"][:16])
    return context.store.uri(FOLDER, f"contact_date={checked.day}")


def _recorded(
    key: str,
    checked: prospects.ProspectsArtifact,
    chosen: selection.SelectionArtifact,
    scores: ArtifactRef,
    config: CallListConfig,
    context: RunContext,
) -> Iterator[pa.Table]:
    """Scored rows in the order of their rank, part by part, their predictions on record; memory is that of one part."""
    import pyarrow as pa

    predictions = PredictionLog(context.store)
    run = {"who": f"{config.who} ({context.dag_id}/{context.run_id})", "scores_uri": scores.uri}
    for number, rows in enumerate(_batches(scores, context, config.rows_per_object)):
        ids = lines([f"{key}p{number}-", pa.array(range(len(rows))).cast(pa.string())], "")
        own = pa.RecordBatch.from_pydict({"prediction_id": ids} | {name: rows[name] for name in OWN})
        predictions.append_columns(_record(own.slice(0, 1).to_pylist()[0], checked, chosen, **run), own)
        yield scored_table(
            rows,
            day=checked.day,
            list_size=checked.list_size,
            model_version=chosen.version,
            run_id=context.run_id,
            as_of=context.as_of,
            prediction_ids=ids,
        )


def _batches(ref: ArtifactRef, context: RunContext, size: int) -> Iterator[pa.RecordBatch]:
    import pyarrow.parquet as pq

    with context.store.local_copy(f"{ref.uri}/{batch.SCORES}") as folder:
        for part in _parts(folder):
            yield from pq.ParquetFile(part).iter_batches(batch_size=size)


def _record(
    own: dict[str, Any], checked: prospects.ProspectsArtifact, chosen: selection.SelectionArtifact, **run: Any
) -> PredictionRecord:
    return PredictionRecord(
        **own,
        at=datetime.now(UTC),
        source="batch",
        model_version=chosen.version,
        model_digest=chosen.model_digest,
        features_digest=checked.state.features_digest,
        threshold=chosen.threshold,
        call_cost=chosen.economics.call_cost,
        deposit_margin=chosen.economics.deposit_margin,
        day=checked.day,
        hindsight=in_hindsight(chosen, checked.day),
        **run,
    )


def _write_lists(tables: Iterable[pa.Table], folder: Path) -> float:
    """Write the scores, as Parquet and for people, and of them the call list. Returns the profit that its calls promise."""
    import pyarrow.parquet as pq

    (folder / batch.SCORES).mkdir()
    profit = 0.0
    with ExitStack() as open_files:
        scores, calls = (open_files.enter_context((folder / name).open("wb")) for name in (SCORES_CSV, CALL_LIST_CSV))
        scores.write(HEADER)
        calls.write(HEADER)
        parquet: pq.ParquetWriter | None = None
        for table in tables:
            if parquet is None:
                place = folder / batch.SCORES / "part-0.parquet"
                parquet = open_files.enter_context(pq.ParquetWriter(place, table.schema, compression="zstd"))
            parquet.write_table(table)
            written, called = scored_lines(table), table["decision"].combine_chunks()
            scores.write(content(written))
            calls.write(content(written.filter(called)))
            profit += math.fsum(table["expected_profit"].filter(called).to_pylist())
    return profit


def _write_rejected(path: Path, checked: prospects.ProspectsArtifact, context: RunContext) -> None:
    """The rows that were left out, for people: line in the list, why, the row as it came. They come back as a list."""
    contract, size = context.contract, checked.list_size
    names = [column.source_name for column in contract.prospect_columns]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = results.writer(stream, [*results.LEFT_OUT, *names])
        for row in _left_out(checked, context):
            why = "; ".join(breach["detail"] for breach in row["breaches"]) or "the same client stands again"
            came = next(csv.reader([row["raw"]], delimiter=contract.delimiter, quotechar=contract.quote), [])
            status = REJECTED if row["status"] == REJECTED else DUPLICATE
            writer.writerow([row["source_row"] + 1, status, safe_cell(why), size, *map(safe_cell, came)])


def _left_out(checked: prospects.ProspectsArtifact, context: RunContext) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet as pq

    if not checked.rows["rejected"] + checked.rows["duplicates"]:
        return
    with context.store.local_copy(f"{checked.ref.uri}/{prospects.REJECTED}") as folder:
        for part in _parts(folder):
            for rows in pq.ParquetFile(part).iter_batches():
                yield from rows.to_pylist()


def _parts(folder: Path) -> list[Path]:
    """Part files in the order of their numbers."""
    return sorted(folder.glob("part-*.parquet"), key=lambda path: int(path.stem.split("-")[1]))
