"""Nights that nobody scored on: the scheduler was down, or the DAG paused. Its next run looks back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from bank_marketing.components.context import RUNS, RunContext
from bank_marketing.landing.zone import LandingZone
from bank_marketing.scoring.call_list import FOLDER
from bank_marketing.scoring.selection import COMPONENT as FIRST_STEP


@dataclass(frozen=True)
class MissedNights:
    """Evenings without a run of the DAG since its last one, and landed lists of their days that never became a call list."""

    evenings: tuple[date, ...]
    lists: tuple[date, ...]


def missed_nights(context: RunContext) -> MissedNights:
    """What was missed before the context's evening; nothing when no run went before it."""
    days = context.store.list_folders(context.store.uri(RUNS, context.dag_id))
    before = (day for day in reversed(days) if day < context.as_of.isoformat())
    last = next((date.fromisoformat(day) for day in before if _was_run(day, context)), None)
    if last is None:
        return MissedNights((), ())
    evenings = tuple(last + timedelta(days=number) for number in range(1, (context.as_of - last).days))
    landed = LandingZone(context.settings.landing).prospect_days(after=last, until=context.as_of) if evenings else []
    made = [day for day in landed if context.store.has_manifest(context.store.uri(FOLDER, f"contact_date={day}"))]
    return MissedNights(evenings, tuple(day for day in landed if day not in made))


def _was_run(day: str, context: RunContext) -> bool:
    """Whether a run of the DAG began on an evening."""
    evening = context.store.uri(RUNS, context.dag_id, day)
    runs = context.store.list_folders(evening)
    return any(context.store.has_manifest(f"{evening}/{run}/{FIRST_STEP}") for run in runs)
