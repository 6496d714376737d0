"""A platform of the benchmark's own: the synthetic campaign, a model in production, and call lists of any length."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

from bank_marketing.campaign import CAMPAIGNS, open_campaign
from bank_marketing.components.context import RunContext
from bank_marketing.landing.commands import land
from bank_marketing.landing.daily import render
from bank_marketing.landing.source import campaign_module
from bank_marketing.landing.zone import LandingZone
from bank_marketing.pipelines import run_steps
from bank_marketing.pipelines.training import STEPS
from bank_marketing.registry.records import Record
from bank_marketing.registry.registry import Registry
from bank_marketing.settings import Settings

#: Last evening that is known, and the day whose clients are scored.
EVENING, DAY = date(2010, 10, 29), date(2010, 11, 1)

SEED = 11

#: Rows of a list that are made and written at once.
CHUNK = 50_000

#: The two models that are measured: the one that the project has chosen, and LightGBM as the literature uses it.
MODELS = ("chosen", "lightgbm")


def settings_of(home: Path) -> Settings:
    """Settings of the platform in `home`."""
    return Settings(
        home=home,
        landing_root=None,
        artifact_root=None,
        mlflow_tracking_uri=None,
        landing_settle_seconds=0,
        results_file=_results(home),
    )


def prepare(home: Path, model: str) -> None:
    """Land the campaign in `home`, train one of MODELS on it, and put it into production."""
    home.mkdir(parents=True, exist_ok=True)
    chosen = json.loads((CAMPAIGNS / "bank_marketing" / "results.json").read_text(encoding="utf-8"))
    if model == "lightgbm":
        choice = chosen["winner"]["choice"] | {"algorithm": "lightgbm", "hyper_parameters": {}}
        chosen["winner"] |= {"name": "lightgbm", "choice": choice}
    _results(home).write_text(json.dumps(chosen), encoding="utf-8")
    settings = settings_of(home)
    land(settings, synthetic=True, until=EVENING)
    context = RunContext("benchmark", "training", EVENING, settings)
    run_steps(STEPS, context)
    registry = Registry(settings, context.store)
    newest = registry.versions()[0]
    reason = Record(
        action="promoted", at=datetime.now(UTC), who="benchmark", reasons=("to be measured",), version=newest.version
    )
    registry.promote(newest, reason)  # whatever the judge said: the speed is measured, not the model


def write_list(home: Path, rows: int) -> None:
    """Land a list of so many clients for DAY; one that has landed before is replaced."""
    settings = settings_of(home)
    contract, path = open_campaign(settings).contract, LandingZone(settings.landing).place("prospects", DAY)
    path.parent.mkdir(parents=True, exist_ok=True)
    synthetic = campaign_module(CAMPAIGNS / "bank_marketing", "synthetic")
    with path.open("wb") as stream:
        for number, part in enumerate(synthetic.synthetic_list(SEED, DAY, rows, CHUNK)):
            text = render(part, contract.prospect_columns, contract)
            stream.write(text if number == 0 else text.partition(b"\r\n")[2])


def _results(home: Path) -> Path:
    return home / "results.json"
