"""The one form in which lists come back: scored rows by rank, and rows that were not scored with the reason. Both can be sent again."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import islice
from typing import Any, TextIO

from bank_marketing.contract import Contract
from bank_marketing.lists.columns import LIST_SIZE, STATUS
from bank_marketing.lists.entities import CustomerList
from bank_marketing.lists.spreadsheet import safe_cell

REASONS = 3

#: What a scored row says, before the client's own columns where a list brought them.
COLUMNS = ("rank", "contact_id", "probability", "decision", "expected_profit", "decile",
           *(f"reason_{number}" for number in range(1, REASONS + 1)), "contact_date", LIST_SIZE, "model_version", "run_id", "as_of",
           "prediction_id")  # fmt: skip

#: What a row that was left out says, before its cells as they came.
LEFT_OUT = ("line", STATUS, "problems", LIST_SIZE)

CALL, DO_NOT_CALL = "call", "do not call"

SEPARATOR = ";"


def scored_row(
    row: Mapping[str, Any], *, day: date, list_size: int, model_version: int, run_id: str, as_of: date, prediction_id: str
) -> dict[str, Any]:
    """A scored client in COLUMNS, from its rank, contact_id, probability, decision, expected_profit, decile and reasons (texts)."""
    texts = [*row["reasons"][:REASONS], *[""] * REASONS]
    named = {name: row[name] for name in ("rank", "contact_id", "probability", "decision", "expected_profit", "decile")}
    return named | {f"reason_{n}": texts[n - 1] for n in range(1, REASONS + 1)} | {
        "contact_date": day.isoformat(),
        LIST_SIZE: list_size,
        "model_version": model_version,
        "run_id": run_id,
        "as_of": as_of.isoformat(),
        "prediction_id": prediction_id,
    }  # fmt: skip


def cells(row: Mapping[str, Any]) -> list[object]:
    """Cells of COLUMNS: the decision in words, money to the cent, the probability to the last bit."""
    written = {"decision": CALL if row["decision"] else DO_NOT_CALL, "expected_profit": round(row["expected_profit"], 2)}
    return [safe_cell(written.get(name, row[name])) for name in COLUMNS]


def decile(rank: int, total: int) -> int:
    """The tenth of a ranked list that a rank lies in; 1 is best."""
    return (rank - 1) * 10 // max(1, total) + 1


def writer(stream: TextIO, header: Sequence[str]) -> Any:
    """A CSV writer that has written the header."""
    made = csv.writer(stream, delimiter=SEPARATOR)
    made.writerow(header)
    return made


def own_header(contract: Contract, customers: CustomerList) -> list[str]:
    """Names of the client's own columns in a result: the contract's attributes, then what else the list had."""
    return [column.source_name for column in contract.attributes] + [str(safe_cell(name)) for name in customers.extras]


def write_header(stream: TextIO, customers: CustomerList, contract: Contract) -> None:
    """Write the first line of a result."""
    writer(stream, [*COLUMNS, *own_header(contract, customers)])


def write_scored(
    stream: TextIO, customers: CustomerList, rows: Sequence[tuple[int, Mapping[str, Any]]], contract: Contract
) -> None:
    """Write scored rows, each with its place in the list, below the header."""
    made = csv.writer(stream, delimiter=SEPARATOR)
    attributes = [column.name for column in contract.attributes]
    places = [place for place, _ in rows]
    given = customers.prospects[attributes].iloc[places].itertuples(index=False, name=None)
    extra = customers.extras.iloc[places].to_numpy().tolist()  # without columns, rows of nothing
    for (_, row), own, others in zip(rows, given, extra, strict=True):
        made.writerow([*cells(row), *own, *map(safe_cell, others)])


def write_left_out(stream: TextIO, customers: CustomerList, list_size: int) -> None:
    """Write the rows that were not scored, as they came; they carry the size of the list that they are a part of."""
    table = customers.left_out
    own = [name for name in table if name not in ("line", STATUS, "problems")]
    made = writer(stream, [*LEFT_OUT, *(str(safe_cell(name)) for name in own)])
    if table.empty:
        return
    outcomes = table[["line", STATUS, "problems"]].itertuples(index=False, name=None)
    for (line, status, problems), came in zip(outcomes, table[own].fillna("").itertuples(index=False, name=None), strict=True):
        made.writerow([line, status, safe_cell(problems), list_size, *map(safe_cell, came)])


def first_rows(content: bytes, count: int) -> bytes:
    """The header and the first rows of such a file; a cell may hold line ends."""
    rows = csv.reader(io.StringIO(content.decode(), newline=""), delimiter=SEPARATOR)
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=SEPARATOR).writerows(islice(rows, count + 1))
    return out.getvalue().encode()


def scored_bytes(customers: CustomerList, rows: Sequence[tuple[int, Mapping[str, Any]]], contract: Contract) -> bytes:
    """A whole result: `rows` by rank, each with its place in the list."""
    out = io.StringIO(newline="")
    write_header(out, customers, contract)
    write_scored(out, customers, rows, contract)
    return out.getvalue().encode()


def left_out_bytes(customers: CustomerList, list_size: int) -> bytes:
    """What `write_left_out` writes."""
    out = io.StringIO(newline="")
    write_left_out(out, customers, list_size)
    return out.getvalue().encode()
