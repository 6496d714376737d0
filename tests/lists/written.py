"""Lists of made-up clients, written as people and programs write them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from bank_marketing.lists import CustomerList, Filled, Limits, read_list
from tests.support.campaign import CONTRACT
from tests.support.landed import Row, contact

DAY = date(2010, 7, 1)

MARKET = {"emp_var_rate": -1.5, "cons_price_idx": 94.5, "cons_conf_idx": -40.5, "euribor3m": 0.75, "nr_employed": 4990.5}

#: The columns that a list must have, and those of the market.
ASKED = tuple(column.name for column in CONTRACT.prospect_columns if not column.derived)


def clients(count: int, **changes: object) -> list[Row]:
    """Clients of a list, in the contract's names."""
    return [{name: row[name] for name in ASKED} for row in (contact(number, DAY, **changes) for number in range(1, count + 1))]


def text(rows: Sequence[Row], separator: str = ";", end: str = "\r\n", names: Iterable[str] = ()) -> str:
    """Rows as text, under the source system's names."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator=end)
    writer.writerow(list(names) or [CONTRACT[name].source_name if name in ASKED else name for name in rows[0]])
    writer.writerows(row.values() for row in rows)
    return out.getvalue()


def read(content: str | bytes, name: str = "list.csv", day: date = DAY, **limits: int) -> CustomerList:
    """Read a list."""
    filled = Filled(CONTRACT.derived_values(day), MARKET, date(2010, 6, 30))
    stream = io.BytesIO(content if isinstance(content, bytes) else content.encode())
    return read_list(stream, name, CONTRACT, filled, Limits(**limits))


def scored(customers: CustomerList) -> list[dict[str, Any]]:
    """The rows that can be scored, in Python's own types."""
    return customers.prospects.to_dict("records")  # type: ignore[return-value]


def left_out(customers: CustomerList) -> list[tuple[int, str, str]]:
    """Line, status and problems of the rows that cannot."""
    return [tuple(row) for row in customers.left_out[["line", "status", "problems"]].to_numpy().tolist()]  # type: ignore[misc]
