"""A whole training run on a small hand-made campaign: all seven steps with their own defaults, some twenty seconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from bank_marketing.components.context import RunContext
from bank_marketing.pipelines import PipelineRun, run_steps
from bank_marketing.pipelines.training import STEPS
from bank_marketing.settings import Settings
from tests.support.landed import contact, land_signal, lines, write_contacts

DAYS = [day for day in (date(2009, 1, 5) + timedelta(days=i) for i in range(112)) if day.weekday() < 5]
LAST = DAYS[-1]

#: What a landed cell may hold and a page must not run.
HOSTILE = "<script>alert('landed')</script>"


@dataclass(frozen=True)
class SmallRun:
    """A run and what it made."""

    context: RunContext
    made: PipelineRun


def small_settings(home: Path) -> Settings:
    """A platform in `home` that trains what the project has chosen."""
    return Settings(home=home, landing_settle_seconds=0)


def land_small(root: Path) -> None:
    """Eighty days of sixty contacts; on the last day two of them are rejected, one with hostile text."""
    land_signal(root, DAYS)
    good = [contact(9000 + i, LAST, job="retired", y="yes") for i in range(60)]
    bad = [contact(9100, LAST, job=HOSTILE), contact(9101, LAST, age=7)]
    write_contacts(root, LAST, lines([*good, *bad]))


def run_small(home: Path, run_id: str = "small") -> SmallRun:
    """Land the campaign in `home` when it is new, and train as of its last day."""
    settings = small_settings(home)
    if not settings.landing.exists():
        land_small(settings.landing)
    context = RunContext("test_dag", run_id, LAST, settings)
    return SmallRun(context, run_steps(STEPS, context, {"who": "tester", "reason": "a test"}))
