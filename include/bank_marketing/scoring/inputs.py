"""What a prediction was made from, as its record names it: the digest of the contact and of its attributes before the call."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from bank_marketing.artifacts.manifest import scalar_json
from bank_marketing.contract import Contract


def input_columns(contract: Contract) -> list[str]:
    """What a prediction's `input_digest` covers: the contact and its attributes as they were known before the call."""
    return [column.name for column in contract.prospect_columns]


def columns_of(rows: Sequence[Mapping[str, Any]], common: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Rows of the same columns as lists, one a column; `common` is what they share, in place of what they say themselves."""
    own = {name: [row[name] for row in rows] for name in rows[0] if name not in common}
    return own | {name: [value] * len(rows) for name, value in common.items()}


def as_array(values: list[Any]) -> np.ndarray[Any, Any]:
    """Values of one column (n,): numbers as such, everything else as it is."""
    return np.array(values, dtype=None if set(map(type, values)) <= {int, float} else object)


def input_digests(columns: Mapping[str, Iterable[Any]], contract: Contract) -> list[str]:
    """`digest_of` the input of each row, its text put together column by column.

    Args:
        columns: values of each column of the contract, in Python's own types.
        contract: says which are covered.
    """
    cells = [_members(name, columns[name]) for name in sorted(input_columns(contract))]
    return [hashlib.sha256(f"{{{','.join(row)}}}".encode()).hexdigest() for row in zip(*cells, strict=True)]


def _members(name: str, values: Iterable[Any]) -> list[str]:
    """`"name":value` in JSON for each row; a text that occurs many times is written once."""
    values, key = list(values), f"{scalar_json(name)}:"
    texts = {value: key + scalar_json(value) for value in set(values) if isinstance(value, str)} if len(values) > 1 else {}
    return [texts[value] if value in texts else key + scalar_json(value) for value in values]
