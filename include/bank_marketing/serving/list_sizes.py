"""The length of a day's call list behind an answer about one or some of its clients."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path

from bank_marketing.artifacts import ArtifactStore
from bank_marketing.landing.zone import LandingZone
from bank_marketing.lists.sizes import GIVEN
from bank_marketing.scoring.call_list import FOLDER
from bank_marketing.serving.model_cache import Campaign
from bank_marketing.settings import Settings


def size_of_day(given: int | None, day: date, campaign: Campaign, store: ArtifactStore, settings: Settings) -> tuple[int, str]:
    """Clients on the list of `day`, and where that is known from.

    What is given; else the published list of that day; else the landed one; else as many as on the last contact day.
    """
    if given is not None:
        return given, GIVEN
    published = store.uri(FOLDER, f"contact_date={day}")
    if store.has_manifest(published) and (size := store.manifest(published).details.get("list_size")):
        return int(str(size)), f"the call list of {day}"
    if (landed := _landed(day, settings)) > 0:
        return landed, f"the landed list of {day}"
    return campaign.list_size, f"the list of {campaign.state.last_contact_day}, the last contact day"


def _landed(day: date, settings: Settings) -> int:
    """Rows of the list that landed for a day; 0 when there is none."""
    path = LandingZone(settings.landing).place("prospects", day)
    try:
        found = path.stat()
    except OSError:
        return 0
    return _rows(path, found.st_mtime_ns, found.st_size) if path.is_file() else 0


@lru_cache(maxsize=32)
def _rows(path: Path, changed: int, size: int) -> int:
    """Rows below a file's header, counted once for each state of the file: each request about a client of that day asks."""
    with path.open("rb") as stream:
        return sum(1 for line in stream if line.strip()) - 1
