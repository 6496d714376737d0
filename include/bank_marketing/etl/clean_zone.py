"""The clean zone as pandas reads it: for checks of a few days, where a Spark session would cost more than the reading."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pandas as pd

from bank_marketing.artifacts import ArtifactStore
from bank_marketing.contract import Contract
from bank_marketing.contract.spark import clean_schema
from bank_marketing.etl.snapshot import CLEAN_FILE, CleanDay, Snapshot

#: Files read at the same time: on S3 each is a round trip or two.
_AT_ONCE = 8


def read_clean(days: Sequence[CleanDay], snapshot: Snapshot, store: ArtifactStore, contract: Contract) -> pd.DataFrame:
    """Clean rows of some days of a snapshot, in time order, without those that a later file superseded."""
    files = [store.uri(day.path, CLEAN_FILE) for day in days if day.clean]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        tables = [table.to_pandas() for table in pool.map(store.read_table, files)]
    if not tables:
        return pd.DataFrame(columns=clean_schema(contract.columns).names)
    rows: pd.DataFrame = pd.concat(tables, ignore_index=True)
    dropped = {(entry.contact_id, entry.dropped) for entry in snapshot.superseded}
    if not dropped:
        return rows
    stands = [key not in dropped for key in zip(rows["contact_id"], rows["contact_date"], strict=True)]
    standing: pd.DataFrame = rows[stands].reset_index(drop=True)
    return standing
