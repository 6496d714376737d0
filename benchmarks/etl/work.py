"""What every peer gets and gives: the landed files, and how many rows came out as what."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

#: Rows that are clean, rejected, duplicates; rows that break a rule that only warns; contacts of two days.
Counts = dict[str, int]

#: The row rules of the contract, by hand: names of those that compare a column with the day, and the third.
DAY_RULES = {"month": "month_is_of_the_file", "day_of_week": "weekday_is_of_the_file"}
OUTCOME_RULE = "earlier_outcome_needs_earlier_contact"


@dataclass(frozen=True)
class DayFile:
    """One landed file, and the folder for its rows."""

    day: date
    path: Path
    out: Path

    @property
    def names(self) -> dict[str, str]:
        """What the columns of the day must hold."""
        return {"month": f"{self.day:%b}".lower(), "day_of_week": f"{self.day:%a}".lower()}


def day_files(zone: Path, out: Path) -> Iterator[DayFile]:
    """The landed files in time order."""
    for path in sorted(zone.glob("contacts/dt=*/contacts.csv")):
        folder = out / path.parent.name
        folder.mkdir(parents=True, exist_ok=True)
        yield DayFile(date.fromisoformat(path.parent.name[3:]), path, folder)


def summed(parts: Sequence[Counts]) -> Counts:
    """Counts of all files."""
    return {name: sum(part[name] for part in parts) for name in parts[0]}


def hash_files(folder: Path) -> None:
    """Hash all files of a folder, as the platform does with what it reads and what it writes."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    with ThreadPoolExecutor() as pool:
        list(pool.map(_hashed, files))


def _hashed(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
