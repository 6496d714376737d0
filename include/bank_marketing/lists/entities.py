"""What goes into the reading of a customer list, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd

REJECTED, DUPLICATE = "rejected", "duplicate"

#: More clients than that no day's list has.
LARGEST_LIST = 1_000_000_000


@dataclass(frozen=True)
class Limits:
    """How much of a list is read: its rows, and the bytes that a compressed file or workbook unpacks to."""

    rows: int = LARGEST_LIST
    unpacked_bytes: int = 4 << 30


@dataclass(frozen=True)
class Filled:
    """What a list may leave out: the values of the day (its derived columns), and the market of the last contact day."""

    derived: Mapping[str, str | int]
    market: Mapping[str, float]
    market_day: date | None = None


@dataclass(frozen=True)
class CustomerList:
    """A list that was read.

    Attributes:
        prospects: rows that can be scored, in the contract's columns and types, in the order of the list; no client twice.
        extras: the list's other columns (text), beside `prospects`.
        left_out: rows that are not scored: line, status (rejected, duplicate), problems, then the cells as they came.
        rules: rows that break each rule, and the first line that does.
        notes: what was understood, in sentences.
        counts: rows_read = clean + rejected + duplicates.
        stated_size: clients on the whole list of which this is a part, when the list says so.
    """

    prospects: pd.DataFrame
    extras: pd.DataFrame
    left_out: pd.DataFrame
    rules: dict[str, dict[str, object]]
    notes: tuple[str, ...]
    counts: dict[str, int]
    stated_size: int | None

    @property
    def own_size(self) -> int:
        """Clients on the list, those included who cannot be scored; who stands there twice counts once."""
        return self.counts["rows_read"] - self.counts["duplicates"]
