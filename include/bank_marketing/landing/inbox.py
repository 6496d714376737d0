"""The inbox of the landing zone: lists of clients that people bring, each kept under a name that says its content."""

from __future__ import annotations

import csv
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

from bank_marketing.contract import Column, Contract
from bank_marketing.errors import ConfigError, ContractViolation
from bank_marketing.landing.zone import LandedFile

#: Folder below the landing zone; no other place is read on request.
INBOX = "inbox"

DELIMITERS = (";", ",")

_SATURDAY = 5


def uploaded(name: str, root: Path, as_of: date, day: date | None = None) -> LandedFile:
    """A list in the inbox of the zone in `root`; its calls are on `day`, else on the next weekday after `as_of`. Raises ConfigError."""
    inbox = (root / INBOX).resolve()
    path = (inbox / name).resolve()
    if not path.is_relative_to(inbox) or path == inbox:
        raise ConfigError(f"{name!r} lies outside {inbox}: only lists in that folder are scored on request")
    if not path.is_file():
        raise ConfigError(f"there is no list {name!r} in {inbox}: put it there and trigger the run again")
    if day is not None and day <= as_of:
        raise ConfigError(
            f"the calls of {day} cannot be scored on the evening of {as_of}: name a later day, or an earlier as_of"
        )
    return LandedFile(kind="prospects", date=day or next_weekday(as_of), path=path)


def next_weekday(after: date) -> date:
    """The day on which the call centre works next."""
    day = after + timedelta(days=1)
    while day.weekday() >= _SATURDAY:
        day += timedelta(days=1)
    return day


def receive(source: Path, day: date, root: Path, contract: Contract) -> str:
    """Bring a list of clients into the inbox, row by row in the dialect of the landed files; memory is that of one row.

    `;` or `,` may separate its cells; its columns may stand in any order, under the contract's names or the source system's. What
    a list may leave out is filled in: contact_id from the row's number, month and weekday from `day`. A row with too few or too
    many cells stays one, so that it is quarantined.

    Returns:
        The list's name in the inbox; the same content has the same name.

    Raises:
        ConfigError: there is no such file.
        ContractViolation: it is no CSV text with the contract's columns.
    """
    if not source.is_file():
        raise ConfigError(f"there is no file {source}")
    inbox = root / INBOX
    inbox.mkdir(parents=True, exist_ok=True)
    written = inbox / f".{source.name}.{os.getpid()}"
    digest = hashlib.sha256()
    try:
        with written.open("wb") as stream:
            for line in _lines(source, day, contract):
                digest.update(line)
                stream.write(line)
        stem = re.sub(r"[^\w-]+", "-", source.stem).strip("-")[:60] or "list"
        name = f"{stem}-{digest.hexdigest()[:12]}.csv"
        written.replace(inbox / name)
    finally:
        written.unlink(missing_ok=True)
    return name


def _lines(source: Path, day: date, contract: Contract) -> Iterator[bytes]:
    columns = contract.prospect_columns
    yield _line([column.source_name for column in columns], contract)
    with source.open(encoding="utf-8-sig", newline="") as stream:
        try:
            first = stream.readline(1 << 16)
            delimiter = max(DELIMITERS, key=first.count)
            header = _header(next(csv.reader([first], delimiter=delimiter), []), source, contract)
            fallback = {name: str(value) for name, value in contract.derived_values(day).items()}
            number = 0
            for cells in csv.reader(stream, delimiter=delimiter, strict=True):
                if not any(cell.strip() for cell in cells):
                    continue
                number += 1
                if len(cells) != len(header):
                    yield _line([*cells, ""] if len(cells) == len(columns) else cells, contract)  # must not fit by chance
                    continue
                given = fallback | {"contact_id": f"ROW-{number}"} | dict(zip(header, cells, strict=True))
                yield _line([given[column.name] for column in columns], contract)
        except UnicodeDecodeError as error:
            raise _unusable(source, "encoding", f"it is not UTF-8 text ({error.reason})") from error
        except csv.Error as error:
            raise _unusable(source, "malformed_row", f"it is not CSV text ({error})") from error


def _line(cells: Sequence[str], contract: Contract) -> bytes:
    """Every cell in quotes, as the source system writes text; Spark reads a line at a time and escapes by a backslash."""
    mark = contract.quote
    told = (" ".join(cell.split()).replace("\\", "\\\\").replace(mark, f"\\{mark}") for cell in cells)
    return (contract.delimiter.join(f"{mark}{cell}{mark}" for cell in told) + "\r\n").encode()


def _header(names: Sequence[str], source: Path, contract: Contract) -> list[str]:
    """The contract's names of a list's columns."""
    known: dict[str, Column] = {alias: column for column in contract.columns for alias in (column.name, column.source_name)}
    found = [name.strip() for name in names]
    late = [known[name] for name in found if name in known and known[name].phase == "after_call"]
    if late:
        told = "; ".join(f"{column.name}: {column.description}" for column in late)
        raise _unusable(source, "columns", f"it has columns that are known only after the call ({told}). Remove them")
    unknown = [name[:40] for name in found if name not in known]
    if unknown:
        raise _unusable(source, "columns", f"unknown columns: {', '.join(map(repr, unknown[:5]))}")
    header = [known[name].name for name in found]
    missing = [column.name for column in contract.attributes if not column.derived and column.name not in header]
    if missing:
        raise _unusable(source, "columns", f"missing columns: {', '.join(missing)}")
    if len(set(header)) < len(header):
        raise _unusable(source, "columns", "a column stands there twice")
    return header


def _unusable(source: Path, rule: str, found: str) -> ContractViolation:
    return ContractViolation(
        f"{source.name} cannot be scored: {found}. Its first line must name the contract's columns (`bank-marketing contract`), "
        "separated by ; or ,",
        rule=rule,
        location=source.name,
    )
