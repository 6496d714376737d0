"""Fourth step of a scoring run: predictions on record, then the call list of the day, published in one move."""

from __future__ import annotations

import csv
import hashlib
import logging
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pydantic import Field

from bank_marketing.artifacts import ArtifactRef, Manifest
from bank_marketing.components.context import Entity, RunContext
from bank_marketing.lists import results
from bank_marketing.lists.entities import DUPLICATE, REJECTED
from bank_marketing.lists.spreadsheet import safe_cell
from bank_marketing.scoring import batch, prospects, selection
from bank_marketing.scoring.predictions import PredictionLog, PredictionRecord

COMPONENT = "publish_call_list"
KIND = "call_list"
FOLDER = "call_lists"
SCORES_CSV, CALL_LIST_CSV, REJECTED_CSV = "scores.csv", "call_list.csv", "rejected.csv"

COLUMNS = results.COLUMNS

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
    import pyarrow as pa
    import pyarrow.parquet as pq

    scores = context.store.verify(inputs.scores)
    checked = prospects.load(inputs.prospects, context)
    chosen = selection.load(inputs.model, context)
    log_of = PredictionLog(context.store)
    key = hashlib.sha256(f"{context.dag_id}/{context.run_id}/{scores.content_digest}".encode()).hexdigest()[:16]
    profit = 0.0
    with context.stage() as stage, ExitStack() as open_files:
        (stage.path / batch.SCORES).mkdir()
        places = [stage.path / name for name in (SCORES_CSV, CALL_LIST_CSV)]
        streams = [open_files.enter_context(place.open("w", encoding="utf-8", newline="")) for place in places]
        writers = [results.writer(stream, COLUMNS) for stream in streams]
        parquet: pq.ParquetWriter | None = None
        for number, rows in enumerate(_batches(inputs.scores, context, config.rows_per_object)):
            records = _records(rows, f"{checked.day}-{key}p{number}", checked, chosen, inputs.scores, config, context)
            log_of.append(records)
            ids = [record.prediction_id for record in records]
            full = [_row(row, name, checked, chosen, context) for row, name in zip(rows, ids, strict=True)]
            table = pa.Table.from_pylist([row | {"reasons": given["reasons"]} for row, given in zip(full, rows, strict=True)])
            if parquet is None:
                place = stage.path / batch.SCORES / "part-0.parquet"
                parquet = open_files.enter_context(pq.ParquetWriter(place, table.schema, compression="zstd"))
            parquet.write_table(table.cast(parquet.schema))
            for row in full:
                cells = results.cells(row)
                writers[0].writerow(cells)
                if row["decision"]:
                    writers[1].writerow(cells)
                    profit += row["expected_profit"]
        open_files.close()
        _write_rejected(stage.path / REJECTED_CSV, inputs.prospects, checked.list_size, context)
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


def _batches(ref: ArtifactRef, context: RunContext, size: int) -> Iterator[list[dict[str, Any]]]:
    """Scored rows in the order of their rank; memory is that of one batch."""
    import pyarrow.parquet as pq

    with context.store.local_copy(f"{ref.uri}/{batch.SCORES}") as folder:
        parts = sorted(folder.glob("part-*.parquet"), key=lambda path: int(path.stem.split("-")[1]))
        for part in parts:
            for rows in pq.ParquetFile(part).iter_batches(batch_size=size):
                yield rows.to_pylist()


def _records(
    rows: list[dict[str, Any]],
    request: str,
    checked: prospects.ProspectsArtifact,
    chosen: selection.SelectionArtifact,
    scores: ArtifactRef,
    config: CallListConfig,
    context: RunContext,
) -> list[PredictionRecord]:
    now = datetime.now(UTC)
    return [
        PredictionRecord(
            prediction_id=f"{request}-{number}",
            at=now,
            source="batch",
            contact_id=row["contact_id"],
            model_version=chosen.version,
            model_digest=chosen.model_digest,
            input_digest=row["input_digest"],
            features_digest=checked.state.features_digest,
            probability=row["probability"],
            threshold=chosen.threshold,
            call_cost=chosen.economics.call_cost,
            deposit_margin=chosen.economics.deposit_margin,
            decision=row["decision"],
            day=checked.day,
            who=f"{config.who} ({context.dag_id}/{context.run_id})",
            scores_uri=scores.uri,
            hindsight=in_hindsight(chosen, checked.day),
        )
        for number, row in enumerate(rows)
    ]


def _row(
    row: dict[str, Any],
    prediction_id: str,
    checked: prospects.ProspectsArtifact,
    chosen: selection.SelectionArtifact,
    context: RunContext,
) -> dict[str, Any]:
    return results.scored_row(
        row | {"reasons": [reason["text"] for reason in row["reasons"]]},
        day=checked.day,
        list_size=checked.list_size,
        model_version=chosen.version,
        run_id=context.run_id,
        as_of=context.as_of,
        prediction_id=prediction_id,
    )


def _write_rejected(path: Path, ref: ArtifactRef, size: int, context: RunContext) -> None:
    """The rows that were left out, for people: line in the list, why, the row as it came. They come back as a list."""
    import pyarrow.parquet as pq

    contract = context.contract
    names = [column.source_name for column in contract.prospect_columns]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = results.writer(stream, [*results.LEFT_OUT, *names])
        with context.store.local_copy(f"{ref.uri}/{prospects.REJECTED}") as folder:
            for part in sorted(folder.glob("part-*.parquet")):
                for rows in pq.ParquetFile(part).iter_batches():
                    for row in rows.to_pylist():
                        why = "; ".join(breach["detail"] for breach in row["breaches"]) or "the same client stands again"
                        came = next(csv.reader([row["raw"]], delimiter=contract.delimiter, quotechar=contract.quote), [])
                        status = REJECTED if row["status"] == REJECTED else DUPLICATE
                        writer.writerow([row["source_row"] + 1, status, safe_cell(why), size, *map(safe_cell, came)])
