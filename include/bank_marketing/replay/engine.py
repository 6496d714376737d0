"""The replay itself: morning scores, evening outcomes, monitoring, retraining; one checkpoint a period."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np
import pandas as pd

from bank_marketing.errors import NotEnoughHistory
from bank_marketing.modeling.baselines import trailing_rate, trailing_rate_threshold
from bank_marketing.modeling.model import TermDepositModel
from bank_marketing.replay.checkpoints import Checkpoints
from bank_marketing.replay.platform import Event, Platform, ReplayConfig, fit
from bank_marketing.replay.table import known_on

Every = Literal["month", "week", "day"]

#: Policies that score: the key of their columns `p_…` and `t_…`.
SCORING = ("platform", "first", "refitted", "trailing")


@dataclass
class State:
    """All that one period hands to the next."""

    platform: Platform
    first: TermDepositModel | None = None
    refitted: TermDepositModel | None = None
    made: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["contact_id", "version", "probability", "called"]))


@dataclass(frozen=True)
class Period:
    """What one period brought.

    Attributes:
        name: month, week (its Monday) or day.
        predictions: one row a contact scored: contact_id, contact_date, y, version, then probability and threshold of each policy.
        events: what the platform did.
        monitored: the monitoring figures, one an evening.
    """

    name: str
    predictions: pd.DataFrame
    events: tuple[Event, ...]
    monitored: tuple[dict[str, Any], ...]


def period_of(day: str, every: Every) -> str:
    """The period that a contact day (ISO date) belongs to."""
    if every == "month":
        return day[:7]
    moment = date.fromisoformat(day)
    return day if every == "day" else (moment - timedelta(days=moment.weekday())).isoformat()


def periods(table: pd.DataFrame, first: date, last: date, every: Every) -> dict[str, list[str]]:
    """Contact days of the table from `first` to `last`, by period. Raises NotEnoughHistory when there are none."""
    found: dict[str, list[str]] = {}
    for day in table["contact_date"].drop_duplicates():
        if str(first) <= day <= str(last):
            found.setdefault(period_of(day, every), []).append(day)
    if not found:
        raise NotEnoughHistory(f"no contact day has landed from {first} to {last}: nothing to replay")
    return found


def replay(
    table: pd.DataFrame,
    config: ReplayConfig,
    plan: dict[str, list[str]],
    checkpoints: Checkpoints,
    on_day: Callable[[str], None] = lambda day: None,
) -> Iterator[Period]:
    """Replay the periods of a plan, in order; those with a checkpoint are read instead of lived again.

    Args:
        table: features with outcomes, in time order. A day's outcomes are looked at from its evening on.
        config: of the platform's components.
        plan: contact days by period.
        checkpoints: where each period is kept.
        on_day: called after each contact day, for progress.

    Yields:
        Each period when it has been lived.
    """
    state = State(Platform(config))
    before = table[table["contact_date"] < next(iter(plan.values()))[0]]
    if len(before) and not checkpoints.holds(next(iter(plan))):
        _evening(state, before)
    names = list(plan)
    for name, days in plan.items():
        if checkpoints.holds(name):
            following = names[names.index(name) + 1 :]
            if not following or not checkpoints.holds(following[0]):
                state = checkpoints.state(name, config)
            yield checkpoints.period(name)
            for day in days:
                on_day(day)
            continue
        period = _live(state, table, name, days, on_day)
        checkpoints.keep(period, state)
        yield period


def _live(state: State, table: pd.DataFrame, name: str, days: list[str], on_day: Callable[[str], None]) -> Period:
    """One period, day after day."""
    before = table[table["contact_date"] < days[0]]
    config = state.platform.config
    last = before.tail(config.transformation.validation_rows)
    rule = trailing_rate_threshold(last, config.features) if len(before) else 0.0
    scored, events, monitored = [], [], []
    for day in days:
        known = known_on(table, day)
        called = known.iloc[int(known["contact_date"].searchsorted(day)) :]
        if state.platform.production is not None:
            scored.append(_morning(state, called.drop(columns="y"), rule).assign(y=called["y"].to_numpy(int)))
            made = scored[-1].rename(columns={"p_platform": "probability"})
            made["called"] = made["probability"] >= made["t_platform"]
            state.made = pd.concat([state.made, made[state.made.columns]], ignore_index=True) if len(state.made) else made[
                list(state.made.columns)
            ]  # fmt: skip
        found, done = _evening(state, known)
        events += done
        if found:
            monitored.append(found)
        on_day(day)
    _refit(state, known_on(table, days[-1]))
    predictions = pd.concat(scored, ignore_index=True) if scored else pd.DataFrame()
    return Period(name, predictions, tuple(events), tuple(monitored))


def _morning(state: State, prospects: pd.DataFrame, rule: float) -> pd.DataFrame:
    """The day's prospects, scored by each policy with what it knew the evening before. No outcome is in `prospects`."""
    production, first = state.platform.production, state.first
    assert production is not None
    assert first is not None
    refitted, economics = state.refitted or first, state.platform.config.economics
    scored = prospects[["contact_id", "contact_date"]].assign(version=production.version)
    for name, model in (("platform", production.model), ("first", first), ("refitted", refitted)):
        scored[f"p_{name}"], scored[f"t_{name}"] = model.predict_proba(prospects), model.threshold_at(economics)
    return scored.assign(p_trailing=trailing_rate(prospects, state.platform.config.features), t_trailing=rule)


def _evening(state: State, known: pd.DataFrame) -> tuple[dict[str, Any], list[Event]]:
    found, done = state.platform.evening(known, state.made)
    if state.first is None and state.platform.production is not None:
        state.first = state.platform.production.model
    return found, done


def _refit(state: State, known: pd.DataFrame) -> None:
    """The policy that trains at the end of every period and asks nobody whether the result is better."""
    if state.first is None:
        return
    try:
        state.refitted, _ = fit(state.platform.config, known)
    except NotEnoughHistory:
        return  # the former model serves on


def thresholds(predictions: pd.DataFrame, policy: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Who a scoring policy calls (n,)."""
    return np.asarray(predictions[f"p_{policy}"] >= predictions[f"t_{policy}"])
