"""What was understood of a list, in sentences for whoever sent it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bank_marketing.contract import Contract
from bank_marketing.lists.entities import LARGEST_LIST
from bank_marketing.lists.judging import Judged

if TYPE_CHECKING:
    from bank_marketing.lists.entities import Filled
    from bank_marketing.lists.opening import Opened

#: Names and duplicates that a sentence lists.
_SHOWN = 10


@dataclass
class Counts:
    """What happened to rows and cells while a list was read."""

    read: int = 0
    clean: int = 0
    rejected: int = 0
    duplicates: int = 0
    empty: int = 0
    marked: int = 0
    named: int = 0
    unnamed: set[int] = field(default_factory=set)
    sizes: set[str] = field(default_factory=set)
    other_day: dict[str, int] = field(default_factory=dict)
    respelled: dict[str, int] = field(default_factory=dict)
    never: dict[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> dict[str, int]:
        """The accounting."""
        return {"rows_read": self.read, "clean": self.clean, "rejected": self.rejected, "duplicates": self.duplicates}

    @property
    def stated_size(self) -> int | None:
        """The size of the whole list, where all rows name the same."""
        sizes = self.sizes - {""}
        stated = next(iter(sizes), "")
        return int(stated) if len(sizes) == 1 and stated.isdecimal() and 0 < int(stated) <= LARGEST_LIST else None

    def add(self, judged: Judged) -> None:
        """Count what a block was read as."""
        for mine, theirs in ((self.respelled, judged.respelled), (self.never, judged.never)):
            for name, count in theirs.items():
                mine[name] = mine.get(name, 0) + count


def notes_of(source: Opened, counts: Counts, filled: Filled, contract: Contract, mark: str, twice: list[str]) -> list[str]:
    """The sentences, the most general one first."""
    header = source.header
    macro = [column.source_name for column in header.missing if column.role == "macro"]
    day = f" of {filled.market_day}" if filled.market_day else ""
    return [
        f"Read as {source.kind}.",
        *_when(
            source.kind.startswith("Windows-1252"), "The encoding was guessed: look at letters with accents, or save as UTF-8."
        ),
        *_when(mark == ",", "Numbers are read with a decimal comma: 4.991,6 is 4991.6."),
        *_when(bool(header.late), f"Left out, as known only after the call: {_names(header.late)}."),
        *_when(bool(header.own), f"Left out, as columns of an earlier result: {_names(header.own)}."),
        *_when(bool(counts.unnamed), f"Left out, as they have no name: {_places(counts.unnamed)}."),
        *_when(bool(header.extra), f"Not used, and given back beside the result: {_names(header.extra)}."),
        *_when(bool(macro), f"Filled in with the values{day}: {_names(macro)}."),
        *_when(counts.named > 0, f"{counts.named:,} rows name no client: each is called ROW- and the number of its line."),
        *[
            f"{contract[name].source_name}: {n:,} cells in another case were understood."
            for name, n in counts.respelled.items()
        ],
        *[
            f"{contract[name].source_name}: {n:,} cells that are empty or -1 were read as {contract[name].never:g}, which means never."
            for name, n in counts.never.items()
        ],
        *[
            f"{contract[name].source_name} of {n:,} rows is not that of the day of the calls, {filled.derived[name]}: it was ignored."
            for name, n in counts.other_day.items()
            if n
        ],
        *_when(counts.empty > 0, f"{counts.empty:,} empty rows were left out."),
        *_when(counts.marked > 0, f"{counts.marked:,} rows that an earlier result marks as duplicates were left out."),
        *_when(bool(twice), f"Each client is scored once, by the last of its rows: {_listed(twice)}."),
    ]


def _when(true: bool, sentence: str) -> list[str]:
    return [sentence] if true else []


def _names(names: Iterable[str]) -> str:
    return _listed([name[:40] for name in names], ", ")


def _places(places: set[int]) -> str:
    return "column " + _listed([str(place) for place in sorted(places)], ", ")


def _listed(entries: list[str], mark: str = "; ") -> str:
    more = len(entries) - _SHOWN
    return mark.join(entries[:_SHOWN]) + (f"{mark}and {more:,} more" if more > 0 else "")
