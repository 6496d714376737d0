"""Columns as text: each row is what a loop over the rows writes, whatever its values look like."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from bank_marketing.column_text import content, json_values, lines, numbers, rewritten

NUMBERS = (
    st.floats()
    | st.floats(1e-7, 1)
    | st.sampled_from([0.0, -0.0, 1.0, -4.0, 1e-4, 9.999e-5, 1e-6, 1e15, 1e16, 1e22, 0.1 + 0.2])
)
TEXTS = st.text(max_size=6) | st.sampled_from(['a"b', "back\\slash", "\x00", "\x1f", "\x7f", "\u2028", "é\n"])


@settings(max_examples=200, deadline=None)
@given(st.lists(NUMBERS, max_size=8))
@example([1e15 - 0.125, 1e12 - 0.0001, 999_999_999_999.5, -1e-4, 123456.78])
def test_a_number_is_written_as_python_writes_it_and_in_json_as_pydantic_does(values: list[float]) -> None:
    column = pa.array(values, pa.float64())
    assert numbers(column).to_pylist() == [repr(value) for value in values]
    assert json_values(column).to_pylist() == [to_json(value).decode() for value in values]


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS, max_size=8))
def test_a_text_is_escaped_in_json_as_pydantic_does(values: list[str]) -> None:
    assert json_values(pa.array(values, pa.string())).to_pylist() == [to_json(value).decode() for value in values]


def test_whole_numbers_and_truth_values() -> None:
    assert numbers(pa.array([7, -12, 0])).to_pylist() == ["7", "-12", "0"]
    assert json_values(pa.array([True, False])).to_pylist() == ["true", "false"]


@pytest.mark.parametrize("part", [(0, 4), (1, 2), (3, 0)])
def test_the_content_of_a_part_of_a_column_is_that_part(part: tuple[int, int]) -> None:
    rows = ["é1", "", "b\n", "last"]
    joined = lines([pa.array(rows, pa.string()), ";", pa.array(rows, pa.string())], "\r\n")
    start, count = part
    expected = "".join(f"{row};{row}\r\n" for row in rows[start : start + count]).encode()
    assert content(joined.slice(start, count)) == expected
    assert content(pa.array([], pa.string())) == b""


def test_only_what_the_expression_finds_is_written_anew() -> None:
    asked: list[str] = []

    def write(text: str) -> str:
        asked.append(text)
        return text.upper()

    assert rewritten(pa.array(["a;b", "ab", "c;"]), ";", write).to_pylist() == ["A;B", "ab", "C;"]
    assert asked == ["a;b", "c;"]
