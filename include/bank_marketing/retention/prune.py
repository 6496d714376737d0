"""The plan of what is removed, and its carrying out. A plan is made anew each time and removes nothing by itself."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import Field

from bank_marketing.artifacts import open_store
from bank_marketing.components.context import Entity
from bank_marketing.registry.registry import Registry
from bank_marketing.retention.inventory import Inventory
from bank_marketing.retention.needed import Needed
from bank_marketing.settings import Settings

#: A killed try's stage may belong to a task that still works, for so long.
STAGE_AGE = timedelta(days=1)

YOUNG = "younger than the limit"
UNDATED = "without a date"

log = logging.getLogger(__name__)

What = Literal["run", "predictions", "call list", "mail", "sent list", "answers", "leftover"]


class Item(Entity):
    """One thing to remove."""

    what: What
    uri: str
    made: datetime
    size: int = Field(ge=0, description="bytes; 0 where it is not known without reading it")


class Plan(Entity):
    """What goes, oldest first within its kind, and how many runs stay for which reason."""

    items: tuple[Item, ...]
    kept: dict[str, int]

    @property
    def size(self) -> int:
        """Bytes that will be free."""
        return sum(item.size for item in self.items)


def plan(settings: Settings, now: datetime | None = None, sent_lists_hours: float = 24.0) -> Plan:
    """What may go under the settings' retention.

    Never: what production, a former champion, an open hold or a kept prediction came from; each DAG's last run; the clean zone, the
    promotion records, the retraining decisions.

    Raises:
        RegistryUnavailable: MLflow does not answer, so nobody knows what production needs.
        ArtifactCorrupt: a manifest was altered.
    """
    now = now or datetime.now(UTC)
    store = open_store(settings)
    inventory = Inventory(store)
    needed = Needed(inventory, Registry(settings, store))
    oldest = now - timedelta(days=settings.retention_predictions_days)
    needed.find([entry for entry in inventory.predictions if entry.first.at >= oldest])
    runs, kept = _runs(inventory, needed, now - timedelta(days=settings.retention_runs_days))
    items = [
        *runs,
        *(
            Item(what="predictions", uri=entry.uri, made=entry.first.at, size=entry.size)
            for entry in inventory.predictions
            if entry.first.at < oldest and entry.request not in needed.requests
        ),
        *(
            Item(what="call list", uri=made.uri, made=made.created_at, size=sum(entry.size for entry in made.files))
            for made in inventory.call_lists()
            if made.created_at < oldest
        ),
        *(
            Item(what="mail", uri=uri, made=at, size=0)
            for uri, at in inventory.mails()
            if at < now - timedelta(days=settings.retention_logs_days)
        ),
        *(
            Item(what="sent list", uri=uri, made=at, size=0)
            for uri, at in inventory.sent_lists()
            if at < now - timedelta(hours=sent_lists_hours)
        ),
        *(Item(what="answers", uri=uri, made=at, size=0) for uri, at in inventory.answers() if at < now - timedelta(days=1)),
        *(
            Item(what="leftover", uri=uri, made=at, size=size)
            for uri, at, size in inventory.leftovers()
            if at < now - STAGE_AGE
        ),
    ]
    return Plan(items=tuple(sorted(items, key=lambda item: (item.what, item.made))), kept=kept)


def _runs(inventory: Inventory, needed: Needed, oldest: datetime) -> tuple[list[Item], dict[str, int]]:
    items: list[Item] = []
    kept: Counter[str] = Counter()
    for run in inventory.runs.values():
        if run.uri in needed.runs:
            kept[needed.runs[run.uri]] += 1
        elif run.made is None or run.made >= oldest:
            kept[YOUNG if run.made else UNDATED] += 1
        else:
            items.append(Item(what="run", uri=run.uri, made=run.made, size=run.size))
    return items, dict(kept)


def carry_out(made: Plan, settings: Settings) -> None:
    """Remove what a plan names. Raises StoreUnavailable; what was removed until then is gone, the rest is there."""
    store = open_store(settings)
    for item in made.items:
        store.remove(item.uri)
    log.info("removed %d things, %.1f MB", len(made.items), made.size / 1e6)
