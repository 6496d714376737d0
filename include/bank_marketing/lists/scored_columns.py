"""Scored rows as `results` writes them, column by column: a list of millions of clients in seconds."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import TYPE_CHECKING

from bank_marketing.column_text import lines, numbers, rewritten
from bank_marketing.lists.columns import LIST_SIZE
from bank_marketing.lists.results import CALL, COLUMNS, DO_NOT_CALL, REASONS, SEPARATOR
from bank_marketing.lists.spreadsheet import FORMULA, safe_cell

if TYPE_CHECKING:
    import pyarrow as pa

#: Cells that are written otherwise than they are: as no formula, or in quotes.
_REWRITTEN = f'{FORMULA}|[{SEPARATOR}"\r\n]'

#: First line of a result, in front of `scored_lines`.
HEADER = f"{SEPARATOR.join(COLUMNS)}\r\n".encode()

#: Beyond this a hundredth is no more exact than a float's last digits.
_EXACT = 1e7


def scored_table(
    scored: pa.RecordBatch, *, day: date, list_size: int, model_version: int, run_id: str, as_of: date, prediction_ids: pa.Array
) -> pa.Table:
    """Scored clients in COLUMNS, as `scored_row` names them one by one, and `reasons` whole.

    Args:
        scored: rank, contact_id, probability, decision, expected_profit, decile, and reasons with their `text`, strongest first.
        day: of the calls.
        list_size: clients on the whole list.
        model_version: that scored them.
        run_id: that they were scored in.
        as_of: of that run.
        prediction_ids: of each row.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    own = {name: scored[name] for name in ("rank", "contact_id", "probability", "decision", "expected_profit", "decile")}
    own |= {name: pc.cast(own[name], pa.int64()) for name in ("rank", "decile")}
    own |= {f"reason_{number + 1}": _text(scored["reasons"], number) for number in range(REASONS)}
    same = {
        "contact_date": day.isoformat(),
        LIST_SIZE: list_size,
        "model_version": model_version,
        "run_id": run_id,
        "as_of": as_of.isoformat(),
    }
    own |= {name: pa.repeat(value, len(scored)) for name, value in same.items()}
    return pa.table(own | {"prediction_id": prediction_ids, "reasons": scored["reasons"]})


def scored_lines(rows: pa.Table) -> pa.Array:
    """Each row of `scored_table` as its line of a result, to the byte what a CSV writer makes of its `cells`."""
    parts: list[pa.Array | str] = []
    for name in COLUMNS:
        parts += [_written(name, rows[name].combine_chunks()), SEPARATOR]
    return lines(parts[:-1], "\r\n")


def _text(reasons: pa.ListArray, place: int) -> pa.Array:
    """Text of each row's reason at a place, strongest first; empty where it has fewer."""
    import pyarrow as pa
    import pyarrow.compute as pc

    starts = reasons.offsets.to_numpy()
    places = starts[:-1] + place
    found = reasons.values.field("text").take(pa.array(places, mask=places >= starts[1:]))
    return pc.fill_null(found, "")


def _written(name: str, values: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if name == "decision":
        return pc.if_else(values, CALL, DO_NOT_CALL)
    if name == "expected_profit":
        return numbers(_to_the_cent(values))
    if pa.types.is_string(values.type):
        return rewritten(values, _REWRITTEN, _cell)
    return numbers(values)


def _to_the_cent(values: pa.Array) -> pa.Array:
    """`round(value, 2)` of each value: where its hundredfold lies between two whole numbers, by Python itself."""
    import numpy as np
    import pyarrow as pa

    amounts = values.to_numpy()
    hundredfold = amounts * 100
    rounded = np.rint(hundredfold) / 100
    unsure = ~((np.abs(hundredfold - np.trunc(hundredfold)) - 0.5) ** 2 > 1e-12) | ~(np.abs(amounts) < _EXACT)
    rounded[unsure] = [round(value, 2) for value in amounts[unsure].tolist()]
    return pa.array(rounded)


def _cell(text: str) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=SEPARATOR, lineterminator="\r\n").writerow([safe_cell(text), ""])
    return out.getvalue().removesuffix(f"{SEPARATOR}\r\n")
