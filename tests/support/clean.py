"""Clean zones without Spark: rows as ingestion leaves them, published so that a component can read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import pandas as pd

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.components import ingest_data
from bank_marketing.components.context import RunContext
from bank_marketing.etl.snapshot import CleanDay, Snapshot, Superseded
from tests.support.campaign import CONTRACT
from tests.support.landed import contact


def clean_rows(days: Sequence[date], rows_a_day: int = 12, first: int = 1) -> pd.DataFrame:
    """Generated contacts that keep the contract, numbered through, with the types of the clean zone."""
    rows = []
    for number, day in enumerate(days):
        for i in range(rows_a_day):
            row = contact(first + number * rows_a_day + i, day)
            rows.append(row | {"contact_date": day, "y": int(row["y"] == "yes")})
    table = pd.DataFrame(rows)
    integers = [column.name for column in CONTRACT.columns if column.type == "integer"]
    return table.astype(dict.fromkeys([*integers, "y"], "int32"))


def publish_snapshot(
    context: RunContext,
    rows: pd.DataFrame,
    *,
    superseded: Iterable[Superseded] = (),
    warnings: dict[str, int] | None = None,
    nothing_clean: Iterable[date] = (),
) -> ArtifactRef:
    """Publish rows as the clean days of a snapshot; `warnings` are those of each day, `nothing_clean` days of one rejected row."""
    days = [_rejected_day(day) for day in nothing_clean]
    for day, part in rows.groupby("contact_date", sort=True):
        with context.stage() as stage:
            part.reset_index(drop=True).to_parquet(stage.path / "part-0.parquet", index=False)
            digest = stage.files()[0].sha256
            path = f"{ingest_data.CLEAN_ZONE}/contact_date={day}/{digest[:16]}"
            clean = stage.publish(
                context.store.uri(path),
                "clean_contacts",
                as_of=day,
                schema_digest=context.contract.digest,
                rows={"clean": len(part)},
            )
        days.append(
            CleanDay(
                contact_date=day,
                source_sha256=digest,
                path=path,
                digest=clean.content_digest,
                rows_read=len(part),
                clean=len(part),
                rejected=0,
                duplicates=0,
                warnings=warnings or {},
            )
        )
    days.sort(key=lambda day: day.contact_date)
    snapshot = Snapshot(as_of=context.as_of, synthetic=True, days=tuple(days), superseded=tuple(superseded))
    with context.stage() as stage:
        (stage.path / "snapshot.json").write_text(snapshot.model_dump_json(), encoding="utf-8")
        return context.publish(stage, ingest_data.COMPONENT, ingest_data.KIND, rows=snapshot.rows).ref


def _rejected_day(day: date) -> CleanDay:
    counts = {"rows_read": 1, "clean": 0, "rejected": 1, "duplicates": 0}
    return CleanDay(
        contact_date=day, source_sha256="", path=f"{ingest_data.CLEAN_ZONE}/none", digest=f"none of {day}", **counts
    )
