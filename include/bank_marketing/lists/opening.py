"""Open a list: what kind of file it is, where its header stands, and its rows from there on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from bank_marketing.contract import Contract
from bank_marketing.lists.columns import Header, choose_separator, read_header
from bank_marketing.lists.refusals import refused
from bank_marketing.lists.separated import NAMES, Row, separated_rows, separator_line, split_line
from bank_marketing.lists.unpacking import as_text, is_workbook, unpacked
from bank_marketing.lists.workbook import workbook_rows

#: A first line longer than this names no columns.
_LONGEST_LINE = 1 << 16

#: Empty lines before the header.
_BLANK_LINES = 20


@dataclass(frozen=True)
class Opened:
    """A list whose header was read."""

    header: Header
    rows: Iterator[Row]
    kind: str
    separator: str


def opened(stream: IO[bytes], name: str, contract: Contract, limit: int) -> Opened:
    """Open a list: separated text in any usual encoding, a workbook, or either of them compressed.

    Raises:
        ListTooLarge: it unpacks to more than `limit` bytes.
        ContractViolation: it is neither, or its first line does not name the contract's columns.
    """
    stream, kinds = unpacked(stream, name, limit)
    if is_workbook(stream):
        rows, sheet = workbook_rows(stream, name, limit)
        first = next(rows, None)
        if first is None:
            raise refused(name, "empty_file", "the workbook has no rows")
        cells = first[1]
        while cells and not cells[-1].strip():
            cells.pop()
        header = read_header(cells, name, contract)
        kind = ", ".join([f"Excel workbook, sheet {sheet!r}", *kinds])
        return Opened(header, _fitted(rows, header.width), kind, "")
    text, encoding = as_text(stream, name)
    line, number, separator = _first_line(text, name)
    separator = separator or choose_separator(line, contract)
    cells_of_line = split_line(line, separator)
    if cells_of_line is None:
        raise refused(name, "malformed_row", f"a quotation mark in line {number}, which names the columns, is not closed")
    header = read_header(cells_of_line, name, contract)
    kind = ", ".join([encoding, *kinds, f"cells separated by {NAMES.get(separator, repr(separator))}"])
    return Opened(header, separated_rows(text, separator, header.width, number + 1), kind, separator)


def _fitted(rows: Iterator[tuple[int, list[str]]], width: int) -> Iterator[Row]:
    """A sheet has as many cells in a row as it likes."""
    for number, cells in rows:
        yield number, cells + [""] * (width - len(cells)), ""


def _first_line(text: IO[str], name: str) -> tuple[str, int, str]:
    """The line that names the columns, its number, and the separator when a line before it names one."""
    separator = ""
    for number in range(1, _BLANK_LINES):
        line = text.readline(_LONGEST_LINE)
        if not line:
            break
        if number == 1 and (separator := separator_line(line)):
            continue
        if line.strip("\r\n\t ;,|"):
            return line, number, separator
    raise refused(name, "empty_file", "it is empty; its first line must name the columns")
