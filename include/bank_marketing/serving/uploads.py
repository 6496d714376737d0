"""A customer list as a file: its rows, good and bad, read from the dialect of the landed files or of a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from pydantic import ValidationError

from bank_marketing.contract import Contract
from bank_marketing.scoring import spreadsheet
from bank_marketing.serving.problems import ProblemError, field_problems
from bank_marketing.serving.schemas import Prospect


@dataclass(frozen=True)
class BadRow:
    """A row that is not scored: its line in the file, why, and its cells as they came."""

    line: int
    problems: tuple[str, ...]
    cells: tuple[str, ...]


@dataclass
class Rows:
    """The rows of a file, in its order."""

    header: tuple[str, ...]
    good: list[dict[str, Any]] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)


def open_rows(stream: IO[bytes], contract: Contract) -> tuple[tuple[str, ...], Iterator[tuple[int, list[str]]]]:
    """Header (the contract's names) and rows (line number, cells) of a CSV file; `;` or `,`, with or without a byte order mark.

    Raises:
        ProblemError: invalid-request, when it is no CSV text of the contract's columns.
    """
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    try:
        first = text.readline()
        delimiter = ";" if first.count(";") >= first.count(",") else ","
        names = next(csv.reader([first], delimiter=delimiter), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise ProblemError("invalid-request", "The file is not CSV text in UTF-8.") from error
    header = _contract_names(names, contract)
    reader = csv.reader(text, delimiter=delimiter)

    def rows() -> Iterator[tuple[int, list[str]]]:
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield reader.line_num + 1, cells
        except (UnicodeDecodeError, csv.Error) as error:
            message = f"The file is not CSV text in UTF-8 after line {reader.line_num + 1}."
            raise ProblemError("invalid-request", message) from error

    return header, rows()


def _contract_names(names: list[str], contract: Contract) -> tuple[str, ...]:
    known = {alias: column for column in contract.columns for alias in (column.name, column.source_name)}
    cleaned = [name.strip() for name in names]
    late = [known[name] for name in cleaned if name in known and known[name].phase == "after_call"]
    if late:
        told = " ".join(f"Remove the column {column.name}: {column.description}" for column in late)
        raise ProblemError("invalid-request", told)
    unknown = [name for name in cleaned if name not in known]
    if unknown:
        shown = ", ".join(repr(name[:40]) for name in unknown[:5])
        raise ProblemError(
            "invalid-request", f"Columns that the contract does not know: {shown}. The first line must name the columns."
        )
    header = tuple(known[name].name for name in cleaned)
    needed = [column.name for column in contract.attributes if not column.derived]
    missing = [name for name in needed if name not in header]
    if missing:
        raise ProblemError("invalid-request", f"Columns that are missing: {', '.join(missing)}.")
    if len(set(header)) < len(header):
        raise ProblemError("invalid-request", "A column stands there twice.")
    return header


def check_row(header: tuple[str, ...], cells: list[str], expected: dict[str, str | int]) -> dict[str, Any] | tuple[str, ...]:
    """One row as the contract's values, or why it cannot be scored. `expected` are the columns that follow from the day."""
    if len(cells) != len(header):
        return (f"{len(cells)} cells instead of {len(header)}",)
    given = {name: cell.strip() for name, cell in zip(header, cells, strict=True) if cell.strip()}
    wrong = tuple(
        f"{name}: is not {value}, that of the day"
        for name, value in expected.items()
        if str(given.get(name, value)) != str(value)
    )
    try:
        row: dict[str, Any] = Prospect.model_validate(given).model_dump()
    except ValidationError as error:
        problems = field_problems(error.errors(include_input=False, include_url=False))
        return wrong + tuple(
            f"{problem.field}: {problem.problem}" if problem.field else problem.problem for problem in problems
        )
    return wrong or row


def safe_cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula; numbers stay numbers, also those that a file wrote as text."""
    if isinstance(value, str):
        try:
            float(value)
        except ValueError:
            return spreadsheet.safe_cell(value)
    return value
