"""The inbox of the landing zone: lists of clients that people bring, each kept under a name that says its content."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from bank_marketing.errors import ConfigError
from bank_marketing.landing.zone import LandedFile
from bank_marketing.rules.calendar import Calendar

#: Folder below the landing zone; no other place is read on request.
INBOX = "inbox"

DELIMITERS = (";", ",")


def uploaded(name: str, root: Path, as_of: date, calendar: Calendar, day: date | None = None) -> LandedFile:
    """A list in the inbox of the zone in `root`; its calls are on `day`, else on the next working day. Raises ConfigError."""
    inbox = (root / INBOX).resolve()
    path = (inbox / name).resolve()
    if not path.is_relative_to(inbox) or path == inbox:
        raise ConfigError(f"{name!r} lies outside {inbox}: only lists in that folder are scored on request")
    if not path.is_file():
        raise ConfigError(f"there is no list {name!r} in {inbox}: put it there and trigger the run again")
    if day is not None and day <= as_of:
        raise ConfigError(
            f"the calls of {day} cannot be scored on the evening of {as_of}: name a later day, or an earlier as_of"
        )
    return LandedFile(kind="prospects", date=day or calendar.next_working_day(as_of), path=path)
