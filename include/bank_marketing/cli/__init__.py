"""The command line: `bank-marketing …`. One module an area; each command imports what it needs when it runs."""

from __future__ import annotations

from bank_marketing.cli import (
    campaign,
    experiments,
    lineage,
    maintenance,
    models,
    monitoring,
    onboarding,
    replay,
    scoring,
    serving,
    training,
)
from bank_marketing.cli.shared import app

__all__ = [
    "app",
    "campaign",
    "experiments",
    "lineage",
    "maintenance",
    "models",
    "monitoring",
    "onboarding",
    "replay",
    "scoring",
    "serving",
    "training",
]
