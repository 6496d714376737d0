"""Writing daily files: the campaign as a source system would have exported it, one file a day."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby
from pathlib import Path

from bank_marketing.contract import Column, Contract

Row = dict[str, str]
Day = tuple[date, list[Row]]


def archive_days(content: bytes, contract: Contract, dates: Callable[[Sequence[Row]], Iterator[date]]) -> Iterator[Day]:
    """The archive's rows by day, each with its stable contact_id: `C00001` is the first row.

    Args:
        content: the archive's CSV file.
        contract: names of the delimiter and of the columns.
        dates: the date of each row, never falling.
    """
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline=""), delimiter=contract.delimiter))
    numbered = ({"contact_id": f"C{number:05d}", **row} for number, row in enumerate(rows, start=1))
    for day, group in groupby(zip(dates(rows), numbered, strict=True), key=lambda pair: pair[0]):
        yield day, [row for _, row in group]


def write_day(root: Path, day: date, rows: Sequence[Row], contract: Contract) -> bool:
    """Write the contacts and the prospects file of a day. False when both were there with the same bytes."""
    written = False
    for kind, columns in (("contacts", contract.columns), ("prospects", contract.prospect_columns)):
        path = root / kind / f"dt={day}" / f"{kind}.csv"
        content = render(rows, columns, contract)
        if not (path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content):
            write_atomically(path, content)
            written = True
    return written


def render(rows: Iterable[Row], columns: Sequence[Column], contract: Contract) -> bytes:
    """Rows in the source's own dialect: text quoted, numbers as they are, CRLF."""
    quote, text = contract.quote, {column.source_name for column in columns if column.type == "string"}
    names = [column.source_name for column in columns]
    lines = [contract.delimiter.join(f"{quote}{name}{quote}" for name in names)]
    lines += [
        contract.delimiter.join(f"{quote}{row[name]}{quote}" if name in text else row[name] for name in names) for row in rows
    ]
    return ("\r\n".join(lines) + "\r\n").encode("utf-8")


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that is never seen half-written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(path)
