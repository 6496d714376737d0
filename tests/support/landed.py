"""Small hand-made landing zones: generated rows in the source's dialect, none of them from the archive."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from tests.support.campaign import CONTRACT

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Row = dict[str, object]


def contact(number: int, day: date, **changes: object) -> Row:
    """A contact that keeps the contract, with the given columns changed."""
    row: Row = {
        "contact_id": f"T{number:05d}",
        "age": 30 + number % 40,
        "job": ("admin.", "technician", "retired", "student")[number % 4],
        "marital": "married",
        "education": "high.school",
        "default": "no",
        "housing": "yes",
        "loan": "no",
        "contact": "cellular",
        "month": MONTHS[day.month - 1],
        "day_of_week": WEEKDAYS[day.weekday()],
        "duration": 100 + number,
        "campaign": 1 + number % 3,
        "pdays": 999,
        "previous": 0,
        "poutcome": "nonexistent",
        "emp_var_rate": 1.1,
        "cons_price_idx": 93.994,
        "cons_conf_idx": -36.4,
        "euribor3m": 4.857,
        "nr_employed": 5191.0,
        "y": "yes" if number % 5 == 0 else "no",
    }
    return row | changes


def lines(rows: Iterable[Row], *, prospects: bool = False) -> list[str]:
    """Header and data lines of a landed file."""
    contract = CONTRACT
    columns = contract.prospect_columns if prospects else contract.columns

    def cell(value: object) -> str:
        return f'"{value}"' if isinstance(value, str) else str(value)

    header = contract.delimiter.join(f'"{column.source_name}"' for column in columns)
    return [header, *(contract.delimiter.join(cell(row[column.name]) for column in columns) for row in rows)]


def write_contacts(root: Path, day: date, content: Sequence[str] | bytes) -> Path:
    """Write the contacts file of a day, from lines or raw bytes."""
    path = root / "contacts" / f"dt={day}" / "contacts.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else ("\r\n".join(content) + "\r\n").encode())
    source = root / "SOURCE.json"
    if not source.exists():
        source.write_text(json.dumps({"kind": "archive", "digest": "0" * 64}), encoding="utf-8")
    return path


def land_days(root: Path, days: Sequence[date], rows_a_day: int = 12) -> None:
    """Land `rows_a_day` good contacts on each day, numbered through."""
    for number, day in enumerate(days):
        first = 1 + number * rows_a_day
        write_contacts(root, day, lines(contact(first + i, day) for i in range(rows_a_day)))


def land_signal(root: Path, days: Sequence[date], rows_a_day: int = 60, seed: int = 3, after: int = 0) -> None:
    """Land a campaign that a model can learn: retired clients and students mostly subscribe, the others mostly do not.

    Its contacts are numbered from the one after `after`.
    """
    generator = random.Random(seed)
    number = after
    for day in days:
        rows = []
        for _ in range(rows_a_day):
            number += 1
            job = generator.choice(("admin.", "technician", "retired", "student"))
            chance = 0.75 if job in ("retired", "student") else 0.05
            rows.append(contact(number, day, job=job, y="yes" if generator.random() < chance else "no"))
        write_contacts(root, day, lines(rows))
