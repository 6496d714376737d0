"""The digest of an input, by columns: that of the row alone, whatever its values look like."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bank_marketing.artifacts.manifest import digest_of
from bank_marketing.scoring.inputs import input_columns, input_digests
from tests.support.campaign import CONTRACT

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
    assert input_digests(table_of(rows), CONTRACT) == [digest_of(row) for row in rows]


@pytest.mark.parametrize("value", ['a"b', "é", "back\\slash", "\u2028", ""])
def test_values_are_escaped_as_in_the_row(value: str, prospects: pd.DataFrame) -> None:
    rows = prospects.head(3).assign(job=value)[input_columns(CONTRACT)]
    assert input_digests(rows, CONTRACT) == [digest_of(row) for row in rows.to_dict("records")]
