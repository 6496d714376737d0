"""Nights that nobody scored on: the scheduler was down, or the DAG paused. Its next run looks back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from bank_marketing.artifacts.store import MANIFEST
from bank_marketing.components.context import RunContext
from bank_marketing.landing.zone import LandingZone
from bank_marketing.scoring.call_list import FOLDER

_RUN = re.compile(r"/(\d{4}-\d{2}-\d{2})/[^/]+/select_model/" + re.escape(MANIFEST))


@dataclass(frozen=True)
class MissedNights:
    """Evenings without a run of the DAG since its last one, and landed lists of their days that never became a call list."""

    evenings: tuple[date, ...]
    lists: tuple[date, ...]


def missed_nights(context: RunContext) -> MissedNights:
    """What was missed before the context's evening; nothing when no run went before it."""
    runs = context.store.list_files(context.store.uri("runs", context.dag_id))
    before = [date.fromisoformat(found[1]) for uri in runs if (found := _RUN.search(uri))]
    last = max((day for day in before if day < context.as_of), default=None)
    if last is None:
        return MissedNights((), ())
    evenings = tuple(last + timedelta(days=number) for number in range(1, (context.as_of - last).days))
    landed = LandingZone(context.settings.landing).prospect_days(after=last, until=context.as_of) if evenings else []
    made = [day for day in landed if context.store.has_manifest(context.store.uri(FOLDER, f"contact_date={day}"))]
    return MissedNights(evenings, tuple(day for day in landed if day not in made))
