"""What a prediction was made from, as its record names it: the digest of the contact and of its attributes before the call."""

from __future__ import annotations

import hashlib
import json
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Any

from bank_marketing.contract import Contract
from bank_marketing.distinct import numbered

if TYPE_CHECKING:
    import pandas as pd


def input_columns(contract: Contract) -> list[str]:
    """What a prediction's `input_digest` covers: the contact and its attributes as they were known before the call."""
    return [column.name for column in contract.prospect_columns]


def input_digests(prospects: pd.DataFrame, contract: Contract) -> list[str]:
    """`digest_of` the input of each row, its text put together column by column: each distinct value is written once."""
    import pyarrow as pa
    import pyarrow.compute as pc

    names = sorted(input_columns(contract))
    cells = [_members(name, prospects[name]) for name in names]
    inputs = pc.binary_join_element_wise(*cells, pa.scalar(b",", pa.binary()))
    return [hashlib.sha256(b"{%b}" % text).hexdigest() for text in inputs.to_numpy(zero_copy_only=False)]


def _members(name: str, column: pd.Series) -> Any:
    """`"name":value` in JSON for each row, as binary."""
    import pyarrow as pa

    codes, firsts = numbered(column.to_numpy())
    key = json.dumps(name)
    return pa.array([f"{key}:{_json(value)}".encode() for value in column.take(firsts).tolist()], pa.binary()).take(
        pa.array(codes)
    )


def _json(value: object) -> str:
    return encode_basestring_ascii(value) if isinstance(value, str) else json.dumps(value, default=str)
