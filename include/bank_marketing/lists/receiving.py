"""Bring a list into the inbox of the landing zone: as text of one form, without what it holds beside the contract's columns."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from bank_marketing.contract import Contract
from bank_marketing.errors import ConfigError
from bank_marketing.landing.inbox import INBOX
from bank_marketing.lists.entities import Limits
from bank_marketing.lists.opening import Opened, opened


def receive(source: Path, root: Path, contract: Contract) -> str:
    """Keep a copy of a list in the inbox below `root`, so that its predictions can be traced to it; memory is that of one row.

    Each row keeps its line and its cells of the contract's columns; cells of other columns are emptied, since they may hold anything.

    Returns:
        The list's name in the inbox; the same content has the same name.

    Raises:
        ConfigError: there is no such file.
        ContractViolation, ListTooLarge: it is no list.
    """
    if not source.is_file():
        raise ConfigError(f"there is no file {source}")
    inbox = root / INBOX
    inbox.mkdir(parents=True, exist_ok=True)
    written = inbox / f".{os.getpid()}.receiving"
    digest = hashlib.sha256()
    try:
        with written.open("wb") as out, source.open("rb") as stream:
            for line in _lines(opened(stream, source.name, contract, Limits().unpacked_bytes)):
                digest.update(line)
                out.write(line)
        stem = re.sub(r"[^A-Za-z0-9]+", "-", source.name.split(".")[0]).strip("-")[:60] or "list"
        name = f"{stem}-{digest.hexdigest()[:12]}.csv"
        written.replace(inbox / name)
    finally:
        written.unlink(missing_ok=True)
    return name


def _lines(source: Opened) -> Iterator[bytes]:
    header = source.header
    kept = {*header.known.values(), *header.own.values()}
    yield _line([name if at in kept or name in header.late else "" for at, name in enumerate(header.names)])
    next_line = 2
    for number, cells, _ in source.rows:
        if cells is not None and not any(cell.strip() for cell in cells):
            continue
        yield b"\r\n" * (number - next_line)
        if cells is None:
            yield b'"\r\n'  # a quotation mark that is not closed stays one
        elif len(cells) < header.width:
            yield _line(["?"] * len(cells))
        else:
            yield _line(
                [" ".join(cell.split()) if at in kept else "" for at, cell in enumerate(cells[: header.width])]
                + cells[header.width :]
            )
        next_line = number + 1


def _line(cells: Sequence[str]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";").writerow(cells)
    return out.getvalue().encode()
