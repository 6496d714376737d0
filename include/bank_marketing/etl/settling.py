"""Judged rows become the files of their days: of each contact the last good row stands, all other rows are kept beside.

Spark writes one file a task, whatever number of days it holds, and this cuts those files by day with Arrow: a small day costs a few
milliseconds where a file of its own costs Spark thirty to fifty, and the cuts do not depend on how many tasks there were.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bank_marketing.etl.cleaning import CLEAN, CONTENT, DUPLICATE, GOOD, REJECTED, SUPERSEDED
from bank_marketing.etl.quarantine import Breaches, count_breaches, left_out
from bank_marketing.etl.reading import BLOCK

#: Rows of one file of a huge day.
ROWS_A_PART = 1_000_000

#: Spark's files that are cut at the same time: each of them is in memory as a whole.
_AT_ONCE = 4

#: What tells which row of a contact stands.
_KEY = ("contact_id", GOOD, CONTENT)

_STATUSES = (CLEAN, REJECTED, DUPLICATE, SUPERSEDED)

Tally = dict[str, Any]
Codes = npt.NDArray[np.int8]
Reader = Callable[[Path, "tuple[str, ...] | None"], pa.Table]


@dataclass(frozen=True, order=True)
class _Span:
    """Rows of one landed file that follow each other in one of Spark's files, by the byte they begin at in the landed file."""

    block: int
    part: Path
    start: int
    rows: int


def settle(parts: Sequence[Path], out: Path, columns: Sequence[str], warnings: Mapping[str, str]) -> dict[date, Tally]:
    """Write `<day>/part-0.parquet` with clean rows, and `<day>/rejected/part-0.parquet` with the others; more parts for a huge day.

    Rows keep the order of their landed file, and the same rows give the same bytes, however Spark cut them.

    Args:
        parts: what Spark wrote of `judged_rows`.
        out: the folder to write to.
        columns: of the clean rows.
        warnings: rules that only warn, and the column that says which rows break each.

    Returns:
        For each day its rows of each status, `breaches` (rule -> rows, example row numbers, one detail) and `warnings` (rule -> rows).
    """
    days = sorted(_spans(parts).items(), key=lambda found: (found[1][0].part, found[1][0].start))

    def settle_part(days: Iterable[tuple[date, list[_Span]]]) -> dict[date, Tally]:
        read = lru_cache(maxsize=1)(_read)  # small days lie in one file, one after the other
        return {day: _settle_day(spans, read, out / day.isoformat(), columns, warnings) for day, spans in days}

    by_part = [list(found) for _, found in groupby(days, key=lambda found: found[1][0].part)]
    with ThreadPoolExecutor(min(_AT_ONCE, os.cpu_count() or 1)) as pool:
        return {day: tally for settled in pool.map(settle_part, by_part) for day, tally in settled.items()}


def empty_tally() -> Tally:
    """The counts of no rows."""
    return dict.fromkeys(_STATUSES, 0) | {"breaches": {}, "warnings": {}}


def _spans(parts: Sequence[Path]) -> dict[date, list[_Span]]:
    """Where the rows of each day lie, in the order of its landed file."""
    spans: dict[date, list[_Span]] = defaultdict(list)
    for part in parts:
        places = _read(part, ("contact_date", BLOCK))
        days, blocks = (places[name].to_numpy() for name in ("contact_date", BLOCK))
        begins = np.flatnonzero((days[1:] != days[:-1]) | (blocks[1:] != blocks[:-1])) + 1
        for start, end in pairwise([0, *begins.tolist(), len(days)]):
            if end > start:
                spans[days[start].item()].append(_Span(int(blocks[start]), part, start, end - start))
    return {day: sorted(found) for day, found in spans.items()}


def _read(part: Path, columns: tuple[str, ...] | None) -> pa.Table:
    # No column comes from the name of a folder above.
    return pq.read_table(part, columns=columns and list(columns), partitioning=None)


def _settle_day(spans: Sequence[_Span], read: Reader, out: Path, columns: Sequence[str], warnings: Mapping[str, str]) -> Tally:
    # Of a day in several files only what settles it is held as a whole.
    key = None if len(spans) == 1 else _KEY
    codes = _judge(pa.concat_tables([read(span.part, key).slice(span.start, span.rows) for span in spans]))
    clean, others = _PartWriter(out), _PartWriter(out / "rejected")
    warned, breaches, place = dict.fromkeys(warnings, 0), Breaches(), 0
    for span in spans:
        rows = read(span.part, None).slice(span.start, span.rows)
        these = codes[place : place + span.rows]
        kept = rows.filter(pa.array(these == 0))
        for rule, column in warnings.items():
            warned[rule] += pc.sum(kept[column]).as_py() or 0
        clean.add(kept.select(columns))
        gone = np.flatnonzero(these)
        if len(gone):
            statuses = pa.array(_STATUSES).take(pa.array(these[gone]))
            table = left_out(rows.take(pa.array(gone)), gone + place + 1, statuses)
            count_breaches(table, breaches)
            others.add(table)
        place += span.rows
    clean.close()
    others.close()
    counts = np.bincount(codes, minlength=len(_STATUSES)).tolist()
    found = {rule: count for rule, count in warned.items() if count}
    return dict(zip(_STATUSES, counts, strict=True)) | {"breaches": breaches, "warnings": found}


def _judge(rows: pa.Table) -> Codes:
    """The status of each row of a day, as its place in `_STATUSES`."""
    good = rows[GOOD].to_numpy()
    codes = np.where(good, 0, 1).astype(np.int8)
    places = np.flatnonzero(good)
    contacts = rows["contact_id"].combine_chunks().filter(pa.array(good)).dictionary_encode()
    contact = contacts.indices.to_numpy()
    last = np.empty(len(contacts.dictionary), np.int64)
    last[contact] = places  # of equal indices the last one counts
    stands = last[contact]
    content = rows[CONTENT].to_numpy()
    again = np.where(content[places] == content[stands], 2, 3)
    codes[places] = np.where(places == stands, 0, again)
    return codes


class _PartWriter:
    """Writes rows as part-0.parquet, part-1.parquet and so on, each of them full but the last."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.parts = folder, 0
        self.pending: list[pa.Table] = []

    def add(self, rows: pa.Table) -> None:
        """Take more rows."""
        self.pending.append(rows)
        while sum(map(len, self.pending)) >= ROWS_A_PART:
            together = pa.concat_tables(self.pending)
            self._write(together.slice(0, ROWS_A_PART))
            self.pending = [together.slice(ROWS_A_PART)]

    def close(self) -> None:
        """Write what is left."""
        if any(map(len, self.pending)):
            self._write(pa.concat_tables(self.pending))

    def _write(self, rows: pa.Table) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        # Pages begin anew with each chunk: without chunks the same rows give the same bytes.
        whole = rows.replace_schema_metadata().combine_chunks()
        pq.write_table(whole, self.folder / f"part-{self.parts}.parquet", compression="zstd", store_schema=False)
        self.parts += 1
