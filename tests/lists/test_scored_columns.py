"""A whole list written by columns is what its rows give one by one: cells, quotes, formulas, money."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bank_marketing.column_text import content
from bank_marketing.lists import results
from bank_marketing.lists.scored_columns import HEADER, scored_lines, scored_table

SAME: dict[str, Any] = {
    "day": date(2010, 7, 1),
    "list_size": 40,
    "model_version": 3,
    "run_id": "=run;1",
    "as_of": date(2010, 6, 30),
}

#: What spreadsheets run, also behind blanks and quotes, and what a CSV file must quote.
ODD = [
    "=cmd()",
    "+1",
    "-1",
    "-x",
    "@a",
    " \t=x",
    "' \"=x",
    "|x",
    "%x",
    "\r",
    "\n",
    'a"b',
    "a;b",
    "a\r\nb",
    "",
    " ",
    "é",
    "12",
    "+12.5",
    "- 1",
]
TEXTS = st.sampled_from(ODD) | st.text(max_size=5)
MONEY = (
    st.floats(-1e9, 1e9)
    | st.integers(-10_000, 10_000).map(lambda cents: cents / 1000)
    | st.sampled_from([-0.001, 2.675, 1.005, 1e15, 1e-9])
)
ROW = st.fixed_dictionaries(
    {
        "contact_id": TEXTS,
        "probability": st.floats(0, 1),
        "decision": st.booleans(),
        "expected_profit": MONEY,
        "reasons": st.lists(TEXTS, max_size=5),
    }
)
SCHEMA = pa.schema(
    {
        "contact_id": pa.string(),
        "probability": pa.float64(),
        "decision": pa.bool_(),
        "expected_profit": pa.float64(),
        "reasons": pa.list_(pa.struct({"feature": pa.string(), "effect": pa.float64(), "text": pa.string()})),
        "rank": pa.int64(),
        "decile": pa.int32(),
    }
)


def both(rows: list[dict[str, Any]], skipped: int = 0) -> tuple[bytes, bytes]:
    """The file of the rows behind the first `skipped` ones by columns, and as a CSV writer writes it row by row."""
    ranked = [row | {"rank": rank, "decile": results.decile(rank, len(rows))} for rank, row in enumerate(rows, start=1)]
    told = [row | {"reasons": [{"feature": "f", "effect": 0.1, "text": text} for text in row["reasons"]]} for row in ranked]
    ids = [f"2010-07-01-ab-{number}" for number in range(len(rows))]
    batch = pa.RecordBatch.from_pylist(told, schema=SCHEMA).slice(skipped)
    table = scored_table(batch, **SAME, prediction_ids=pa.array(ids, pa.string()).slice(skipped))
    out = io.StringIO(newline="")
    writer = results.writer(out, results.COLUMNS)
    for row, name in list(zip(ranked, ids, strict=True))[skipped:]:
        writer.writerow(results.cells(results.scored_row(row, **SAME, prediction_id=name)))
    return HEADER + content(scored_lines(table)), out.getvalue().encode()


@settings(max_examples=200, deadline=None)
@given(st.lists(ROW, max_size=6), st.integers(0, 3))
@example(
    [{"contact_id": text, "probability": 0.3, "decision": True, "expected_profit": 2.675, "reasons": ODD} for text in ODD], 2
)
def test_a_list_by_columns_is_that_of_its_rows_to_the_byte(rows: list[dict[str, Any]], skipped: int) -> None:
    by_columns, by_rows = both(rows, min(skipped, len(rows)))
    assert by_columns == by_rows


@pytest.mark.parametrize("value", [text for text in ODD if text.strip() in ("=cmd()", "-x", "@a", "|x", "%x")])
def test_no_cell_is_a_formula(value: str) -> None:
    row = {"contact_id": value, "probability": 0.5, "decision": False, "expected_profit": -1.0, "reasons": [value]}
    content_of, _ = both([row])
    (read,) = csv.DictReader(io.StringIO(content_of.decode(), newline=""), delimiter=";")
    assert (read["contact_id"], read["reason_1"], read["reason_2"]) == (f"'{value}", f"'{value}", "")


def test_all_reasons_stay_in_the_table() -> None:
    texts = ["one", "two", "three", "four"]
    told = {"contact_id": "C1", "probability": 0.5, "decision": True, "expected_profit": 1.0, "rank": 1, "decile": 1}
    told["reasons"] = [{"feature": "f", "effect": 0.1, "text": text} for text in texts]
    (row,) = scored_table(pa.RecordBatch.from_pylist([told], schema=SCHEMA), **SAME, prediction_ids=pa.array(["p"])).to_pylist()
    assert [reason["text"] for reason in row["reasons"]] == texts
    assert [row["reason_1"], row["reason_3"]] == ["one", "three"]
    assert list(row) == [*results.COLUMNS, "reasons"]
