"""The published scores of a list, given back beside the list's own columns to whoever brought it."""

from __future__ import annotations

from typing import TextIO

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.components.context import RunContext
from bank_marketing.lists import CustomerList, results
from bank_marketing.scoring import batch

_ROWS = 10_000


def write_result(stream: TextIO, customers: CustomerList, published: ArtifactRef, context: RunContext) -> None:
    """Write the result of a list as every door gives it: `published` has its scores in the order of their rank."""
    import pyarrow.parquet as pq

    place_of = {name: place for place, name in enumerate(customers.prospects["contact_id"])}
    results.write_header(stream, customers, context.contract)
    with context.store.local_copy(f"{published.uri}/{batch.SCORES}/part-0.parquet") as path:
        for rows in pq.ParquetFile(path).iter_batches(batch_size=_ROWS):
            placed = [(place_of[row["contact_id"]], row) for row in rows.to_pylist()]
            results.write_scored(stream, customers, placed, context.contract)
