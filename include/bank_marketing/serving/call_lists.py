"""The nightly call lists: the newest as the callers get it, and how the earlier ones turned out."""

from __future__ import annotations

import csv
import io
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from bank_marketing.artifacts import ArtifactStore
from bank_marketing.economics import CampaignMoney, Economics
from bank_marketing.scoring import call_list as made
from bank_marketing.scoring.state import CampaignState

if TYPE_CHECKING:
    import pandas as pd

_PLACE = re.compile(r"contact_date=(\d{4}-\d{2}-\d{2})")

#: Contact days whose outcomes are shown: a quarter.
DAYS_SHOWN = 60


@dataclass(frozen=True)
class CallList:
    """A published list: prospects and those to be called by count, the expected profit in the campaign's currency.

    `hindsight`: it was made again by a model that had learned the day's own outcomes.
    """

    day: date
    uri: str
    prospects: int
    called: int
    rejected: int
    model_version: int
    expected_profit: float
    published_at: datetime
    hindsight: bool

    def head(self, store: ArtifactStore, rows: int) -> list[dict[str, str]]:
        """The first rows, by rank."""
        content = store.read_bytes(f"{self.uri}/{made.CALL_LIST_CSV}").decode()
        return list(islice(csv.DictReader(io.StringIO(content), delimiter=";"), rows))


@dataclass(frozen=True)
class DayOutcome:
    """What the list of one day brought: successes that were expected of those called, and the money of what came."""

    day: date
    model_version: int
    expected: float
    money: CampaignMoney


def published(store: ArtifactStore, until: date | None = None) -> Iterator[tuple[date, str]]:
    """Day and URI of the published lists, those of days up to `until` where it is given; newest first, each looked for in its turn."""
    places = (_PLACE.fullmatch(name) for name in reversed(store.list_folders(store.uri(made.FOLDER))))
    for day, name in ((date.fromisoformat(place[1]), place[0]) for place in places if place):
        uri = store.uri(made.FOLDER, name)
        if (until is None or day <= until) and store.has_manifest(uri):
            yield day, uri


def newest(store: ArtifactStore) -> CallList | None:
    """The list of the latest day; None before the first night. Raises ArtifactCorrupt."""
    return next((read(store, uri) for _, uri in published(store)), None)


def read(store: ArtifactStore, uri: str) -> CallList:
    """The list at a URI. Raises ArtifactMissing, ArtifactCorrupt."""
    manifest = store.manifest(uri)
    details: dict[str, Any] = manifest.details
    notes: dict[str, Any] = manifest.notes
    return CallList(
        day=date.fromisoformat(details["day"]),
        uri=manifest.uri,
        prospects=manifest.rows["rows"],
        called=manifest.rows["called"],
        rejected=manifest.rows["rejected"],
        model_version=notes["model_version"],
        expected_profit=details["expected_profit"],
        published_at=manifest.created_at,
        hindsight=bool(details.get("hindsight")),
    )


class Outcomes:
    """How the lists turned out: the published scores joined with the contacts that came back. Worked out once for each state."""

    def __init__(self, store: ArtifactStore, economics: Economics) -> None:
        """Nothing is read yet."""
        self.store, self.economics = store, economics
        self._seen: tuple[object, ...] = ()
        self._days: tuple[DayOutcome, ...] = ()
        self._lock = threading.Lock()

    def days(self, state: CampaignState) -> tuple[DayOutcome, ...]:
        """The last DAYS_SHOWN days whose contacts are known, oldest first. Raises ArtifactMissing, ArtifactCorrupt."""
        shown = dict(sorted(islice(published(self.store, until=state.last_contact_day), DAYS_SHOWN)))
        key = (state.features_digest, state.last_contact_day, tuple(shown))
        with self._lock:
            if key != self._seen:
                known = self._known(state, min(shown)) if shown else None
                found = (self._outcome(uri, known) for uri in shown.values())
                self._days, self._seen = tuple(day for day in found if day is not None), key
            return self._days

    def _known(self, state: CampaignState, first: date) -> pd.DataFrame:
        """Contacts from `first` on with their outcomes."""
        from bank_marketing.components.transform_data import FEATURES

        table: pd.DataFrame = self.store.read_table(
            f"{state.features_uri}/{FEATURES}",
            columns=["contact_id", "contact_date", "y"],
            filters=[("contact_date", ">=", first)],
        ).to_pandas()
        table["contact_date"] = table["contact_date"].astype(str)
        return table

    def _outcome(self, uri: str, known: pd.DataFrame | None) -> DayOutcome | None:
        import pandas as pd

        listed = read(self.store, uri)
        if listed.hindsight:  # made again by a model that knew the outcomes: no forecast
            return None
        with self.store.local_copy(f"{uri}/scores") as folder:
            scores = pd.read_parquet(folder, columns=["contact_id", "probability", "decision"])
        assert known is not None
        joined = scores.merge(known[known["contact_date"] == listed.day.isoformat()], on="contact_id")
        if joined.empty:
            return None
        called = joined["decision"].to_numpy(bool)
        expected = float(joined["probability"].to_numpy(float)[called].sum())
        money = self.economics.campaign(joined["y"].to_numpy(int), called)
        return DayOutcome(listed.day, listed.model_version, expected, money)


def total(days: tuple[DayOutcome, ...], version: int) -> tuple[float, CampaignMoney] | None:
    """Expected successes and the money of all lists that one version made; None when none of them came back."""
    own = [day for day in days if day.model_version == version]
    if not own:
        return None
    names = ("contacts", "called", "subscribers", "conversions")
    sums = {name: sum(getattr(day.money, name) for day in own) for name in names}
    money = CampaignMoney(**sums, call_cost=own[0].money.call_cost, deposit_margin=own[0].money.deposit_margin)
    return sum(day.expected for day in own), money
