"""The landing zone: which files are there, and which should be."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bank_marketing.errors import ConfigError, LandedFileMissing

Kind = Literal["contacts", "prospects"]

SOURCE_FILE = "SOURCE.json"

_DAY = re.compile(r"dt=\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")

log = logging.getLogger(__name__)


class LandedSource(BaseModel):
    """What landed in a zone: a published archive, or a synthetic campaign with its seed and scale."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["archive", "synthetic", "feed"]
    title: str = Field(default="archive", description="how results name an archive")
    digest: str = ""
    seed: int | None = None
    scale: int = 1

    @property
    def label(self) -> str:
        """How results name their data."""
        if self.kind == "synthetic":
            return f"SYNTHETIC campaign (seed {self.seed}, scale {self.scale})"
        return self.title if self.kind == "archive" else "landed feed"


class LandedFile(BaseModel):
    """One file of one day."""

    model_config = ConfigDict(frozen=True)

    kind: Kind
    date: date
    path: Path

    @property
    def relative(self) -> str:
        """Path below the zone's root."""
        return f"{self.kind}/dt={self.date}/{self.kind}.csv"


class LandingZone:
    """`contacts/dt=YYYY-MM-DD/contacts.csv` and `prospects/dt=YYYY-MM-DD/prospects.csv` below one folder."""

    def __init__(self, root: Path) -> None:
        """Look at the zone in `root`; nothing is read yet."""
        self.root = root

    def source(self) -> LandedSource:
        """What landed here. A zone without `SOURCE.json` is fed by a source system of its own."""
        path = self.root / SOURCE_FILE
        try:
            return LandedSource.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return LandedSource(kind="feed")
        except ValidationError as error:
            raise ConfigError(
                f"{path} cannot be read: {error}. `bank-marketing land --replace` makes the zone again."
            ) from error

    def contact_days(self, until: date) -> list[LandedFile]:
        """Contacts files of the days up to `until`, in time order.

        Raises:
            LandedFileMissing: a day has a folder or a call list, but no contacts file.
        """
        days = sorted(day for day in self._days["contacts"] | self._days["prospects"] if day <= until)
        return [self._require("contacts", day) for day in days]

    def prospects(self, day: date) -> LandedFile:
        """The call list of a day. Raises LandedFileMissing when there is none."""
        return self._require("prospects", day)

    def next_prospects(self, after: date) -> LandedFile:
        """The call list of the next contact day. Raises LandedFileMissing when none has landed yet."""
        following = min((day for day in self._days["prospects"] if day > after), default=None)
        if following is None:
            last = max(self._days["prospects"], default=None)
            raise LandedFileMissing(
                f"no call list of a day after {after} has landed in {self.root / 'prospects'} ("
                + (f"the last one is of {last}" if last else "there is none at all")
                + "): nobody can be scored. Land dt=YYYY-MM-DD/prospects.csv and re-run"
                + (f", or trigger a run with an as_of before {last}." if last else ".")
            )
        return self._require("prospects", following)

    def prospect_days(self, after: date, until: date) -> list[date]:
        """Days of the landed call lists after one day, up to and with another, in time order."""
        return sorted(day for day in self._days["prospects"] if after < day <= until)

    def evening_before_a_list(self, known: date) -> date:
        """The last contact day up to `known` that a landed call list follows. Raises LandedFileMissing when there is none."""
        last = max(self._days["prospects"], default=date.min)
        evening = max((day for day in self._days["contacts"] if day <= known and day < last), default=None)
        if evening is None:
            raise LandedFileMissing(
                f"no call list of a day after the first contact day has landed in {self.root / 'prospects'}: there is nothing to score"
            )
        return evening

    @property
    def contact_dates(self) -> list[date]:
        """The days with contacts, in time order."""
        return sorted(self._days["contacts"])

    @property
    def first_day(self) -> date | None:
        """First day with contacts."""
        return min(self._days["contacts"], default=None)

    @property
    def last_day(self) -> date | None:
        """Last day with contacts."""
        return max(self._days["contacts"], default=None)

    @property
    def size(self) -> int:
        """Bytes of all landed files."""
        return sum(path.stat().st_size for path in self.root.glob("*/dt=*/*.csv"))

    def ended(self) -> date | None:
        """Last day of a campaign that is over: an archive, or the synthetic one. None for a feed, which goes on."""
        return None if self.source().kind == "feed" else self.last_day

    def place(self, kind: Kind, day: date) -> Path:
        """Where the file of a day lands."""
        return self.root / kind / f"dt={day}" / f"{kind}.csv"

    def _require(self, kind: Kind, day: date) -> LandedFile:
        path = self.place(kind, day)
        if not path.is_file():
            other = "its call list is there" if kind == "contacts" and day in self._days["prospects"] else "its folder is there"
            known = other if day in self._days["contacts"] | self._days["prospects"] else "nothing of that day is there"
            raise LandedFileMissing(
                f"{kind}.csv of {day} has not landed at {path}, although {known}. Land it and re-run; nothing was ingested."
                if known != "nothing of that day is there"
                else f"{kind}.csv of {day} has not landed at {path}: {known}."
            )
        return LandedFile(kind=kind, date=day, path=path)

    @cached_property
    def _days(self) -> dict[str, set[date]]:
        return {kind: set(self._folders(self.root / kind)) for kind in ("contacts", "prospects")}

    @staticmethod
    def _folders(folder: Path) -> Iterator[date]:
        if not folder.is_dir():
            return
        for path in folder.iterdir():
            if (day := _day_of(path.name)) is not None:
                yield day
            elif not path.name.startswith("."):  # a source system may keep its own files there; they are no landed day
                log.warning("landing zone: %s is not a day (dt=YYYY-MM-DD) and is left alone", path)


def _day_of(name: str) -> date | None:
    """The day that a folder's name states; None where it states none, or one that no calendar has (dt=2010-02-29)."""
    if not _DAY.fullmatch(name):
        return None
    try:
        return date.fromisoformat(name.removeprefix("dt="))
    except ValueError:
        return None
