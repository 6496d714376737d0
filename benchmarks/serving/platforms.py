"""The platform that is measured: a copy of the one at hand, so that no record of the load lands among real ones."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bank_marketing.artifacts import open_store
from bank_marketing.campaign import open_campaign
from bank_marketing.contract.request import example_prospect
from bank_marketing.errors import BankMarketingError
from bank_marketing.registry.registry import ModelVersion, Registry
from bank_marketing.scoring.scorer import feature_rows, latest_campaign_state
from bank_marketing.serving.keys import KeyRing
from bank_marketing.serving.settings import ApiSettings
from bank_marketing.settings import Settings
from tests.support.served import CHOICES, Platform


@dataclass(frozen=True)
class Measurable:
    """A platform in a temporary folder, with a model in production and a second one to swap in."""

    settings: Settings
    version: ModelVersion
    second: ModelVersion
    source: str

    @property
    def key(self) -> str:
        """A fresh API key."""
        return KeyRing(ApiSettings().keys_path(self.settings)).create("benchmark")[1]

    @property
    def registry(self) -> Registry:
        """Its model registry."""
        return Registry(self.settings, open_store(self.settings))

    def prospects(self, rows: int) -> list[dict[str, Any]]:
        """Clients to score, all different."""
        contract = open_campaign(self.settings).contract
        client, jobs = example_prospect(contract), contract["job"].categories
        return [client | {"contact_id": f"B{n:06d}", "age": 18 + n % 70, "job": jobs[n % len(jobs)]} for n in range(rows)]

    def features(self, prospects: list[dict[str, Any]]) -> pd.DataFrame:
        """The same clients as the model reads them: what `mlflow models serve` has to be sent."""
        state = latest_campaign_state(open_store(self.settings))
        day = self._day(state.last_contact_day)
        derived = open_campaign(self.settings).contract.derived_values(day)
        rows = pd.DataFrame([row | derived for row in prospects])
        return feature_rows(rows, day, state, int(state.counts["list_size"])).drop(columns="contact_id")

    @staticmethod
    def _day(last: Any) -> Any:
        return (pd.Timestamp(last) + pd.offsets.BDay(1)).date()


def prepare(folder: Path) -> Measurable:
    """Copy the platform of the settings; without a model in production there, train a small one."""
    here, made = Settings(), Platform(folder / "home")
    if _has_model(here):
        shutil.copytree(here.home / "artifacts", made.home / "artifacts", ignore=shutil.ignore_patterns("predictions", "clean"))
        source = "the platform's model in production"
    else:
        made.promote(made.train("first", CHOICES[0]))
        source = "a small model that was trained for this, since none is in production (`make run` makes one)"
    first = made.registry.production()
    return Measurable(made.settings, first, made.train("second", CHOICES[1]), source)


def _has_model(settings: Settings) -> bool:
    if not settings.artifacts.startswith("file://") or settings.mlflow_tracking_uri is not None:
        return False  # a shared platform is not what is measured here
    if not (settings.home / "artifacts" / "mlflow.db").is_file():
        return False
    try:
        return bool(Registry(settings, open_store(settings)).production())
    except BankMarketingError:
        return False
