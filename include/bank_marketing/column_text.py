"""Columns written as text, all rows at once: what a loop over the rows writes, to the last byte."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

#: What Arrow writes as Python does, from a ten-thousandth on: the shortest text that is read as the same number.
_PLAIN, _SMALLEST = r"^-?\d+\.\d+$", 1e-4

#: What no JSON string holds as it is.
_ESCAPED = r'["\\\x00-\x1f]'


def lines(columns: Sequence[pa.Array | str], end: str) -> pa.Array:
    """Each row's cells one after the other, a text for that of all rows, and the end."""
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(*columns, end, "")


def content(texts: pa.Array) -> bytes:
    """All texts one after the other, in UTF-8: as they lie in memory."""
    import pyarrow as pa

    texts = texts.cast(pa.large_string())
    if not len(texts):
        return b""
    starts = memoryview(texts.buffers()[1]).cast("q")[texts.offset : texts.offset + len(texts) + 1]
    return bytes(memoryview(texts.buffers()[2])[starts[0] : starts[-1]])


def rewritten(texts: pa.Array, pattern: str, write: Callable[[str], str]) -> pa.Array:
    """The texts, those in which the regular expression (RE2) finds something written anew."""
    import pyarrow.compute as pc

    return _mended(texts, texts, pc.match_substring_regex(texts, pattern), write)


def numbers(values: pa.Array, write: Callable[[Any], str] = repr) -> pa.Array:
    """Numbers as text: whole ones in digits, others as `write` does, which writes those with a point and no exponent as Python."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.cast(values, pa.string())
    if pa.types.is_integer(values.type):
        return texts
    plain = pc.and_(pc.match_substring_regex(texts, _PLAIN), pc.greater_equal(pc.abs(values), _SMALLEST))
    return _mended(texts, values, pc.invert(plain), write)


def json_values(values: pa.Array) -> pa.Array:
    """Texts, numbers and truth values as Pydantic writes them in JSON."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pydantic_core import to_json

    if pa.types.is_boolean(values.type):
        return pc.if_else(values, "true", "false")
    if not pa.types.is_string(values.type):
        return numbers(values, lambda value: to_json(value).decode())
    quoted = pc.binary_join_element_wise('"', values, '"', "")
    return _mended(quoted, values, pc.match_substring_regex(values, _ESCAPED), lambda value: to_json(value).decode())


def _mended(texts: pa.Array, values: pa.Array, places: pa.Array, write: Callable[[Any], str]) -> pa.Array:
    """The texts, those at some places written from their values one by one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pc.any(places).as_py():
        return texts
    return pc.replace_with_mask(
        texts, places, pa.array([write(value) for value in values.filter(places).to_pylist()], texts.type)
    )
