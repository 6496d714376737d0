"""Rows of separated text. A quote that is not closed costs its own line, not the rest of the list."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import IO

SEPARATORS = (";", ",", "\t", "|")

NAMES = {";": "semicolon", ",": "comma", "\t": "tab", "|": "vertical bar"}

#: A cell in quotes may run over this many lines.
_LONGEST_CELL = 20

_AHEAD = 5_000

#: A row: the number of its first line, its cells; None for a line that is no row, which is then told as it came.
Row = tuple[int, list[str] | None, str]


def split_line(line: str, separator: str) -> list[str] | None:
    """The cells of one line, None when its quotes do not close."""
    try:
        rows = list(csv.reader([line], delimiter=separator, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else [] if not rows else None


def separator_line(line: str) -> str:
    """The separator that Excel's first line `sep=;` names, else nothing."""
    found = re.fullmatch(r'"?sep=(.)"?[\s;,]*', line.strip("\r\n"), re.IGNORECASE)
    return found[1] if found else ""


def separated_rows(text: IO[str], separator: str, width: int, first: int) -> Iterator[Row]:
    """Rows of a text from here on, whose next line has number `first`. `width` tells a cell over several lines from a stray quote."""
    lines = _Lines(text, first)
    while block := lines.take(_AHEAD):
        if all(line.count('"') % 2 == 0 for line in block) and (rows := _all(block, separator)) is not None:
            yield from ((lines.number - len(block) + at, cells, "") for at, cells in enumerate(rows))
            continue
        lines.back(block)
        for _ in range(len(block)):
            row = _next(lines, separator, width)
            if row is None:
                break
            yield row


class _Lines:
    """Lines with their numbers, which can be put back."""

    def __init__(self, text: IO[str], first: int) -> None:
        self._text, self._waiting, self.number = text, list[str](), first

    def take(self, count: int) -> list[str]:
        block = self._waiting[:count]
        del self._waiting[:count]
        block += islice(self._text, count - len(block))
        self.number += len(block)
        return block

    def back(self, block: Sequence[str]) -> None:
        self._waiting[:0] = block
        self.number -= len(block)


def _all(block: Sequence[str], separator: str) -> list[list[str]] | None:
    """The rows of lines that hold one each; None when it is not so."""
    if not any('"' in line for line in block):
        return [line.rstrip("\r\n").split(separator) for line in block]
    try:
        rows = list(csv.reader(block, delimiter=separator, strict=True))
    except csv.Error:
        return None
    return rows if len(rows) == len(block) else None


def _next(lines: _Lines, separator: str, width: int) -> Row | None:
    first = lines.number
    block = lines.take(1)
    if not block:
        return None
    if (cells := split_line(block[0], separator)) is not None:
        return first, cells, ""
    following = lines.take(_LONGEST_CELL)
    for count in range(1, len(following) + 1):
        if '"' not in following[count - 1]:
            continue
        cells = split_lines([*block, *following[:count]], separator)
        if cells is not None and len(cells) == width:
            lines.back(following[count:])
            return first, cells, ""
    lines.back(following)
    return first, None, block[0].rstrip("\r\n")


def split_lines(lines: Sequence[str], separator: str) -> list[str] | None:
    """The cells of one row over several lines, None when they are no such row."""
    try:
        rows = list(csv.reader(lines, delimiter=separator, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None
