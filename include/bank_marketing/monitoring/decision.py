"""To retrain or not: the rule, and the record of every decision, which is also its memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from bank_marketing.artifacts import ArtifactStore
from bank_marketing.monitoring.config import MonitoringConfig
from bank_marketing.rules.freshness import silent_days

FOLDER = "monitoring/decisions"


class WindowVerdict(BaseModel):
    """What one window showed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    last_day: date = Field(description="last contact day of the window; it names the window")
    enough: bool = Field(description="it had the rows that a decision needs")
    violates: bool
    reasons: tuple[str, ...] = ()


class Decision(BaseModel):
    """Whether to retrain, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    retrain: bool
    reason: str
    violating: int = Field(description="windows that violate, of those looked at")
    windows: int = Field(description="windows looked at")
    cool_down_until: date | None = None


class DecisionRecord(BaseModel):
    """A decision with the numbers behind it: written once, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: datetime
    as_of: date
    run: str
    model_version: int | None
    window: WindowVerdict
    decision: Decision
    live: bool = Field(default=True, description="made on its own evening; backfills and what-if days of the past are not")
    numbers: dict[str, JsonValue] = Field(default_factory=dict)


def decide(
    latest: WindowVerdict,
    earlier: Sequence[WindowVerdict],
    last_retraining: date | None,
    as_of: date,
    config: MonitoringConfig,
    *,
    at_work: str = "",
) -> Decision:
    """Retrain when the latest window violates, N of the last M do, and the last retraining is long enough ago.

    Args:
        latest: the window of this evening.
        earlier: windows before it, oldest first. One that ends on the same contact day is this window, seen before.
        last_retraining: day of the last decision to retrain.
        as_of: this evening.
        config: N, M and the cool-down.
        at_work: the training run that is working on the same data, where there is one: it is the retraining.
    """
    by_day = {window.last_day: window for window in earlier if window.last_day < latest.last_day}
    looked_at = [*(by_day[day] for day in sorted(by_day)[-(config.of_windows - 1) :] if config.of_windows > 1), latest]
    violating = sum(window.violates for window in looked_at)
    until = last_retraining + timedelta(days=config.cool_down_days) if last_retraining else None
    counted = f"{violating} of the last {len(looked_at)} windows violate"
    silent = silent_days(latest.last_day, as_of, config.calendar)
    if silent > config.silent_days:
        retrain, reason = (
            False,
            f"{silent} working days without contacts since {latest.last_day}: there is nothing new to judge by",
        )
    elif not latest.enough:
        retrain, reason = False, "the window has too few contacts to decide anything"
    elif not latest.violates:
        retrain, reason = False, f"the latest window is in order ({counted})"
    elif violating < config.violations:
        retrain, reason = False, f"{counted}, {config.violations} are needed: {_told(latest.reasons)}"
    elif until is not None and as_of < until:
        retrain, reason = False, f"{counted}, but the last retraining was on {last_retraining}: none before {until}"
    elif at_work:
        retrain, reason = False, f"{counted}, and {at_work} is training on these data already: {_told(latest.reasons)}"
    else:
        retrain, reason = True, f"{counted}: {_told(latest.reasons)}"
    return Decision(retrain=retrain, reason=reason, violating=violating, windows=len(looked_at), cool_down_until=until)


def _told(reasons: Sequence[str], most: int = 3) -> str:
    """The first reasons; a decision is read by people."""
    rest = len(reasons) - most
    return "; ".join(reasons[:most]) + (f"; and {rest} more" if rest > 0 else "")


def write(store: ArtifactStore, record: DecisionRecord) -> str:
    """Append a record; returns its URI."""
    stamp = record.at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    content = (record.model_dump_json(indent=1) + "\n").encode()
    number = 0
    while True:
        uri = store.uri(FOLDER, record.as_of.isoformat(), f"{stamp}-{number}.json")
        if store.write_bytes(uri, content, if_absent=True):
            return uri
        number += 1


def of_evening(store: ArtifactStore, evening: date) -> list[DecisionRecord]:
    """Records of one evening, in the order of their writing."""
    places = store.list_files(store.uri(FOLDER, evening.isoformat()))
    return sorted((DecisionRecord.model_validate_json(store.read_bytes(uri)) for uri in places), key=lambda record: record.at)


def newest_first(store: ArtifactStore, *, after: date | None = None, until: date | None = None) -> Iterator[DecisionRecord]:
    """Records by evening, the newest first, of one evening the one written last; an evening is read when its turn comes.

    Args:
        store: where they are.
        after: only those of later evenings.
        until: only those of evenings up to this one.
    """
    evenings = (date.fromisoformat(name) for name in reversed(store.list_folders(store.uri(FOLDER))))
    for evening in evenings:
        if (after is None or evening > after) and (until is None or evening <= until):
            yield from reversed(of_evening(store, evening))
