"""File-level checks of a landed file, in one pass over its bytes, before Spark reads a row of it."""

from __future__ import annotations

import csv
import hashlib
import os
import re
import time
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import BinaryIO

from pydantic import BaseModel, ConfigDict

from bank_marketing.campaign import CAMPAIGNS, load_campaign
from bank_marketing.contract import Column, Contract
from bank_marketing.errors import ConfigError, ContractViolation, LandedFileIncomplete
from bank_marketing.landing.zone import LandedFile

#: A file that has not stood still after this many waits is left for the next try.
MAX_SETTLES = 10

_BYTE_ORDER_MARKS = {
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"\xef\xbb\xbf": "UTF-8 with a byte order mark",
}

#: Where a line begins that may be blank. One pattern is looked for ten times as fast as six words.
_BLANK_START = re.compile(rb"\n[\n\r\t\v\f ]")


class InspectedFile(BaseModel):
    """A landed file that can be read: its identity, and its number of data rows, counted without Spark."""

    model_config = ConfigDict(frozen=True)

    path: Path
    date: date
    sha256: str
    size: int
    rows: int


def inspect(file: LandedFile, contract: Contract, *, settle_seconds: float) -> InspectedFile:
    """Check a landed file as a whole.

    Args:
        file: the file.
        contract: what its header must be.
        settle_seconds: a file younger than this may still be written; it is waited for.

    Raises:
        LandedFileIncomplete: the file changes while it is read.
        ContractViolation: it is empty, has no rows, another encoding, delimiter or other columns, or holds NUL bytes.
    """
    columns = contract.columns if file.kind == "contacts" else contract.prospect_columns
    before = _settled(file, settle_seconds)
    with file.path.open("rb") as stream:
        _check_header(stream.readline(1 << 16), file, columns, contract)
        sha256, rows = _scan(stream, file)
    after = file.path.stat()
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise LandedFileIncomplete(
            f"{_name(file)} is still being written: it changed while it was read. Re-run when it is whole."
        )
    if rows == 0:
        raise _violation(
            file, "no_rows", "it has a header and no rows", "land the day's rows, or remove the folder if nobody called"
        )
    return InspectedFile(path=file.path, date=file.date, sha256=sha256, size=after.st_size, rows=rows)


def _settled(file: LandedFile, settle_seconds: float) -> os.stat_result:
    """The state of a file that has stood still for `settle_seconds`."""
    deadline = time.monotonic() + MAX_SETTLES * settle_seconds
    while True:
        stat = file.path.stat()
        age = time.time() - stat.st_mtime
        if not 0 <= age < settle_seconds:  # a time in the future says nothing: the copy kept its source's clock
            return stat
        if time.monotonic() > deadline:
            raise _growing(file)
        time.sleep(settle_seconds - age)


def _scan(stream: BinaryIO, file: LandedFile) -> tuple[str, int]:
    """sha256 of the whole file and the number of lines after the header that are not blank."""
    stream.seek(0)
    digest, lines, rest = hashlib.sha256(), 0, b""
    while block := stream.read(1 << 20):
        digest.update(block)
        if b"\0" in block:
            raise _violation(file, "nul_bytes", "it holds NUL bytes: it was cut off or is not text", "export it again")
        whole, end, rest = _unified(rest + block).rpartition(b"\n")
        lines += _lines(whole + end, file)
    lines += _lines(rest.replace(b"\r", b"\n"), file)
    return digest.hexdigest(), max(0, lines - 1)


def _unified(text: bytes) -> bytes:
    """Text whose lines all end in a line feed; a carriage return at its very end may be half of such an end and stays."""
    if b"\r" not in text:
        return text
    last = text[-1:] if text.endswith(b"\r") else b""
    return text[: len(text) - len(last)].replace(b"\r\n", b"\n").replace(b"\r", b"\n") + last


def _lines(text: bytes, file: LandedFile) -> int:
    """How many lines are not blank. Nearly no text has blank ones: it is cut into lines only where it may."""
    try:
        text.isascii() or text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _violation(file, "encoding", f"it is not UTF-8 text ({error.reason})", "export it as UTF-8") from error
    if text[:1].isspace() or _BLANK_START.search(text):
        return sum(1 for line in text.split(b"\n") if line.strip())
    return text.count(b"\n") + (not text.endswith(b"\n") and bool(text))


def _check_header(line: bytes, file: LandedFile, columns: tuple[Column, ...], contract: Contract) -> None:
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if line.startswith(mark):
            raise _violation(file, "encoding", f"it is {encoding}", "export it as UTF-8 without a byte order mark")
    if not line.strip():
        raise _violation(file, "empty_file", "it is empty", "land the day's rows, or remove the folder if nobody called")
    if b"\0" in line:
        raise _violation(file, "encoding", "its header holds NUL bytes: it looks like UTF-16", "export it as UTF-8")
    text = line.decode("utf-8", errors="replace").splitlines()[0].strip()
    found = next(csv.reader([text], delimiter=contract.delimiter, quotechar=contract.quote))
    expected = [column.source_name for column in columns]
    if found == expected:
        return
    if len(found) == 1 and len(expected) > 1:
        used = next((mark for mark in (",", "\t", "|") if mark in text), "")
        seen = f"its columns are separated by {used!r}" if used else "its header is one column"
        raise _violation(
            file, "delimiter", f"{seen}, not by {contract.delimiter!r}", "export it with the source's own delimiter"
        )
    raise _violation(file, "columns", _difference(found, expected), "export it with the contract's columns, in their order")


def _difference(found: list[str], expected: list[str]) -> str:
    missing = [name for name in expected if name not in found]
    extra = [name for name in found if name not in expected]
    parts = [f"missing columns: {', '.join(missing)}"] if missing else []
    parts += [f"unknown columns: {', '.join(repr(name) for name in extra)}"] if extra else []
    twice = sorted({name for name in found if found.count(name) > 1})
    parts += [f"repeated columns: {', '.join(twice)}"] if twice else []
    parts += [f"they are columns of the campaign {name}" for name in _campaigns_with(found) if extra]
    return "; ".join(parts) or "its columns are in another order"


def _campaigns_with(header: list[str]) -> list[str]:
    """The campaigns of the platform whose files have all these columns: theirs may have landed in the wrong place."""
    names = []
    for path in sorted(CAMPAIGNS.glob("*/contract.yaml")):
        with suppress(ConfigError):  # a draft that is wrong is not what this file is refused for
            contract = load_campaign(path.parent).contract
            names += [path.parent.name] if {column.source_name for column in contract.columns} >= set(header) else []
    return names


def _name(file: LandedFile) -> str:
    return f"{file.path.name} of {file.date}"


def _growing(file: LandedFile) -> LandedFileIncomplete:
    return LandedFileIncomplete(f"{_name(file)} is still being written ({file.path}). Re-run when it is whole.")


def _violation(file: LandedFile, rule: str, found: str, mend: str) -> ContractViolation:
    return ContractViolation(
        f"{_name(file)} cannot be ingested: {found} ({file.path}). Nothing of it was ingested; {mend} and re-run.",
        rule=rule,
        location=str(file.path),
    )
