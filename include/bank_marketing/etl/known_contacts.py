"""Which contacts have landed before: their ids a month a file, so that a new day is compared without opening every day there was."""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bank_marketing.artifacts import ArtifactStore
from bank_marketing.artifacts.manifest import digest_of
from bank_marketing.errors import ArtifactMissing
from bank_marketing.etl.snapshot import CleanDay

#: Months looked at at the same time: on S3 each is a round trip or two.
_AT_ONCE = 8

_ID = "contact_id"


def any_landed_before(new: Sequence[CleanDay], earlier: Sequence[CleanDay], store: ArtifactStore, folder: str) -> bool:
    """Whether a contact of the new days stands in an earlier day's file, or in those of two new days.

    Args:
        new: days that nobody has compared yet.
        earlier: the days before them, in time order.
        store: where they lie.
        folder: URI below which the ids of whole months are kept, by the digests of their days: a corrected day is another month.
    """
    wanted = _read(new, store)
    if pc.count_distinct(wanted).as_py() < len(wanted):
        return True
    months = [list(days) for _, days in groupby(earlier, key=lambda day: f"{day.contact_date:%Y-%m}")]

    def stands_in(place: int) -> bool:
        # The newest month is not over: a file of it would be made anew each night.
        ids = _of_month(months[place], store, folder) if place < len(months) - 1 else _read(months[place], store)
        few, many = sorted((wanted, ids), key=len)
        return bool(pc.any(pc.is_in(many, value_set=few)).as_py())

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return any(pool.map(stands_in, range(len(months))))


def _of_month(days: Sequence[CleanDay], store: ArtifactStore, folder: str) -> pa.Array:
    """Ids of a month's contacts, from its file; the file is made when there is none."""
    uri = f"{folder}/{days[0].contact_date:%Y-%m}-{digest_of([day.digest for day in days])[:16]}.parquet"
    try:
        return _ids(store.read_table(uri))
    except ArtifactMissing:
        found = _read(days, store)
        sink = io.BytesIO()
        pq.write_table(pa.table({_ID: found}), sink, compression="zstd")
        store.write_bytes(uri, sink.getvalue())
        return found


def _read(days: Sequence[CleanDay], store: ArtifactStore) -> pa.Array:
    tables = [store.read_table(store.uri(file), columns=[_ID]) for day in days for file in day.files]
    return pa.concat_arrays([_ids(table) for table in tables]) if tables else pa.array([], pa.large_string())


def _ids(table: pa.Table) -> pa.Array:
    return table[_ID].cast(pa.large_string()).combine_chunks()  # more than 2 GB of them as well
