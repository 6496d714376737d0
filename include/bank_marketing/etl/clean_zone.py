"""The clean zone as columns of Arrow: for checks of a few days, where a Spark session would cost more than the reading."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from bank_marketing.artifacts import ArtifactStore
from bank_marketing.contract import Contract
from bank_marketing.contract.spark import clean_schema
from bank_marketing.etl.snapshot import CleanDay, Snapshot

#: Files read at the same time: on S3 each is a round trip or two.
_AT_ONCE = 8

#: What tells a row from the others of a snapshot.
_KEY = ["contact_id", "contact_date"]


def read_clean_table(
    days: Sequence[CleanDay], snapshot: Snapshot, store: ArtifactStore, contract: Contract, columns: Sequence[str] | None = None
) -> pa.Table:
    """Clean rows of some days of a snapshot, in time order, without those that a later file superseded.

    Args:
        days: whose rows.
        snapshot: that they belong to.
        store: where they lie.
        contract: their columns.
        columns: what is read beside the key; default all.
    """
    wanted = None if columns is None else [*_KEY, *columns]
    files = [store.uri(file) for day in days for file in day.files]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        tables = list(pool.map(partial(store.read_table, columns=wanted), files))
    if not tables:
        return pa.table({name: pa.array([], pa.null()) for name in clean_schema(contract.columns).names})
    rows = pa.concat_tables([table.replace_schema_metadata() for table in tables], promote_options="permissive")
    dropped = {(entry.contact_id, entry.dropped) for entry in snapshot.superseded}
    if not dropped:
        return rows
    # Contacts of another day's file as well are few: only their rows are looked at one by one.
    known = pc.is_in(rows["contact_id"], value_set=pa.array([contact for contact, _ in dropped]))
    keys = rows.select(_KEY).filter(known).to_pydict()
    gone = iter([key in dropped for key in zip(*(keys[name] for name in _KEY), strict=True)])
    return rows.filter(pa.array([not (asked and next(gone)) for asked in known.to_pylist()]))
