"""Rows that are not clean, as they are kept beside the clean ones, and their reasons, counted."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from bank_marketing.etl.cleaning import RAW

#: Row numbers that a message shows for each broken rule.
EXAMPLES = 5

#: A rule -> how many rows break it, the numbers of the first ones, and what the first one broke.
Breaches = dict[str, dict[str, Any]]


def left_out(judged: pa.Table, source_rows: npt.NDArray[np.int64], statuses: pa.Array) -> pa.Table:
    """Rows of `judged_rows` as they are kept: source_row, contact_id, status, breaches (array of rule and detail) and raw."""
    return pa.table(
        {
            "source_row": pa.array(source_rows, pa.int32()),
            "contact_id": judged["contact_id"],
            "status": statuses,
            "breaches": _without_gaps(judged["breaches"].combine_chunks()),
            "raw": judged[RAW],
        }
    )


def count_breaches(rows: pa.Table, counted: Breaches) -> None:
    """Add what rows of `left_out` break to what earlier rows of the day did."""
    breaches = rows["breaches"].combine_chunks()
    owners = rows["source_row"].to_numpy()[pc.list_parent_indices(breaches).to_numpy()]
    entries = breaches.flatten()
    rules = entries.field("rule").dictionary_encode()
    codes = rules.indices.to_numpy()
    for code, rule in enumerate(rules.dictionary.to_pylist()):
        places = np.flatnonzero(codes == code)
        entry = counted.setdefault(rule, {"rows": 0, "examples": [], "detail": entries.field("detail")[int(places[0])].as_py()})
        entry["rows"] += len(places)
        entry["examples"] = [*entry["examples"], *owners[places[:EXAMPLES]].tolist()][:EXAMPLES]


def _without_gaps(breaches: pa.ListArray) -> pa.ListArray:
    """Lists without their nulls; an empty one for a null."""
    entries, owners = breaches.flatten(), pc.list_parent_indices(breaches).to_numpy()
    there = entries.is_valid()
    counts = np.bincount(owners[there.to_numpy(zero_copy_only=False)], minlength=len(breaches))
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), entries.filter(there))
