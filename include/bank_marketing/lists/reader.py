"""Read a customer list: rows that can be scored, rows that cannot with the reason, clients that stand there again. None disappears."""

from __future__ import annotations

from itertools import islice
from typing import IO

from bank_marketing.contract import Contract
from bank_marketing.lists.entities import CustomerList, Filled, Limits
from bank_marketing.lists.opening import opened
from bank_marketing.lists.reading import Reading
from bank_marketing.lists.refusals import too_large

#: Rows that are judged at once.
_BLOCK = 20_000


def read_list(stream: IO[bytes], name: str, contract: Contract, filled: Filled, limits: Limits | None = None) -> CustomerList:
    """Read and judge a list.

    Args:
        stream: the file's bytes; it can be sought.
        name: the file's name, for messages.
        contract: the columns and what they may hold.
        filled: what stands in for columns that the list leaves out.
        limits: how much is read.

    Raises:
        ListTooLarge: it is longer than the limits.
        ContractViolation: it is no list of the contract's columns, or has no row that can be scored.
    """
    limits = limits or Limits()
    source = opened(stream, name, contract, limits.unpacked_bytes)
    reading = Reading(source, contract, filled, name)
    while rows := list(islice(source.rows, _BLOCK)):
        reading.add(rows)
        if reading.counts.read > limits.rows:
            raise too_large(name, f"it has more than {limits.rows:,} rows; send it in parts")
    return reading.finished()
