"""The digest of an input, by columns: that of the row alone, whatever its values look like."""

from __future__ import annotations

import hashlib
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bank_marketing.artifacts.manifest import digest_of, scalar_json
from bank_marketing.scoring.inputs import as_array, columns_of, input_columns, input_digests
from tests.support.campaign import CONTRACT
from tests.support.served import NEXT_DAY

VALUES = {
    "string": st.text(max_size=6),
    "integer": st.integers(-(2**31), 2**31 - 1),
    "double": st.sampled_from([0.0, -0.0, 1e22, 1e-7, 0.1, 94.767]) | st.floats(width=64),
}
ROWS = st.lists(st.fixed_dictionaries({column.name: VALUES[column.type] for column in CONTRACT.prospect_columns}), max_size=5)


def table_of(rows: list[dict[str, object]]) -> pd.DataFrame:
    kinds = {"string": "object", "integer": "int32", "double": "float64"}
    table = pd.DataFrame(rows, columns=input_columns(CONTRACT))
    return table.astype({column.name: kinds[column.type] for column in CONTRACT.prospect_columns})


@settings(max_examples=60, deadline=None)
@given(rows=ROWS)
def test_the_digest_of_a_column_of_rows_is_that_of_each_row(rows: list[dict[str, object]]) -> None:
    table = table_of(rows)
    assert input_digests({name: table[name].tolist() for name in map(str, table)}, CONTRACT) == [digest_of(row) for row in rows]


@pytest.mark.parametrize("value", ['a"b', "é", "back\\slash", "\u2028", ""])
def test_values_are_escaped_as_in_the_row(value: str, prospects: pd.DataFrame) -> None:
    rows: Any = prospects.head(3)[input_columns(CONTRACT)].to_dict("records")
    changed = [row | {"job": value} for row in rows]
    assert input_digests(columns_of(rows, {"job": value}), CONTRACT) == [digest_of(row) for row in changed]


@pytest.mark.parametrize("value", [1, -1, 0, True, None, 0.0, -0.0, 1e22, 5e-324, float("nan"), float("-inf"), "é", NEXT_DAY])
def test_a_value_is_written_as_the_digest_of_a_whole_writes_it(value: object) -> None:
    assert hashlib.sha256(f'{{"a":{scalar_json(value)}}}'.encode()).hexdigest() == digest_of({"a": value})


def test_columns_are_numbers_where_all_values_are() -> None:
    rows = [{"age": 30, "rate": 0.5, "job": "1", "contact_id": None}, {"age": 31, "rate": 1.0, "job": "2", "contact_id": "C1"}]
    columns = columns_of(rows, {"list_size": 7})
    assert columns == {"age": [30, 31], "rate": [0.5, 1.0], "job": ["1", "2"], "contact_id": [None, "C1"], "list_size": [7, 7]}
    assert [as_array(values).dtype.kind for values in columns.values()] == ["i", "f", "O", "O", "i"]
