"""A platform with a real registry and a trained model in production, and a real server in front of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import uvicorn

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.components import promote_model, train_model
from bank_marketing.components.context import RunContext
from bank_marketing.economics import Economics
from bank_marketing.modeling.choice import ModelSpec
from bank_marketing.registry.records import Record
from bank_marketing.registry.registry import ModelVersion, Registry
from bank_marketing.serving.app import create_app
from bank_marketing.serving.keys import KeyRing
from bank_marketing.serving.server import server_config
from bank_marketing.serving.settings import ApiSettings
from bank_marketing.settings import Settings
from tests.support.features import PRICES, features_table
from tests.support.mlflow_server import free_port

#: The last contact day of `features_table()` is 2009-05-04, a Monday.
AS_OF = date(2009, 5, 4)
NEXT_DAY = date(2009, 5, 5)

COUNTS = {"contacts_1d": 30, "conversions_1d": 9, "contacts_5d": 150, "conversions_5d": 46, "contacts_20d": 600}
COUNTS |= {"contacts_20d_cellular": 400, "conversions_20d_cellular": 150}
COUNTS |= {"conversions_20d": 190, "contacts_all": 3600, "conversions_all": 1100, "list_size": 30}

CHOICES = (
    ModelSpec(algorithm="logistic_regression", hyper_parameters={"C": 0.1}),
    ModelSpec(algorithm="logistic_regression", hyper_parameters={"C": 0.5}),
)

#: A prospect as the API takes it.
PROSPECT: dict[str, Any] = {
    "contact_id": "T00001",
    "age": 64,
    "job": "retired",
    "marital": "married",
    "education": "high.school",
    "default": "no",
    "housing": "yes",
    "loan": "no",
    "contact": "cellular",
    "campaign": 1,
    "pdays": 999,
    "previous": 0,
    "poutcome": "nonexistent",
    "emp_var_rate": 1.0,
    "cons_price_idx": 93.2,
    "cons_conf_idx": -40.0,
    "euribor3m": 1.0,
    "nr_employed": 5000.0,
}


def publish_state(table: pd.DataFrame, context: RunContext, counts: dict[str, int] | None = None) -> ArtifactRef:
    """Publish a features table as transform_data does, with the campaign's counts for the next day."""
    with context.stage() as stage:
        (stage.path / "features").mkdir()
        table.to_parquet(stage.path / "features" / "part-0.parquet", index=False)
        state = {"last_contact_day": context.as_of.isoformat()} | (counts or COUNTS)
        details = {"split": {}, "campaign_state": state, "synthetic": False}
        return context.publish(stage, "transform_data", "features", rows={"rows": len(table)}, details=details).ref


@dataclass
class Platform:
    """A platform in a folder."""

    home: Path
    prices: Economics = PRICES
    settings: Settings = field(init=False)

    def __post_init__(self) -> None:
        self.settings = Settings(home=self.home, **asdict(self.prices))

    def context(self, run_id: str, as_of: date = AS_OF) -> RunContext:
        return RunContext("bank_marketing_training", run_id, as_of, self.settings)

    @property
    def registry(self) -> Registry:
        context = self.context("registry")
        return Registry(self.settings, context.store)

    def train(self, run_id: str, choice: ModelSpec) -> ModelVersion:
        """Train and register a version."""
        context = self.context(run_id)
        features = publish_state(features_table(), context)
        made = train_model.run(
            train_model.TrainingConfig(choice=choice), train_model.TrainingInputs(features=features), context
        )
        return self.registry.register(made.mlflow_run_id, made.mlflow_model_id, promote_model._tags(made, context))

    def promote(self, version: ModelVersion, reason: str = "a test") -> None:
        record = Record(action="promoted", at=datetime.now(UTC), who="tester", reasons=(reason,), version=version.version)
        self.registry.promote(version, record)

    def key(self, name: str = "tester") -> str:
        """A fresh API key."""
        return KeyRing(ApiSettings().keys_path(self.settings)).create(name)[1]


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    url: str
    app: Any

    @property
    def service(self) -> Any:
        return self.app.state.service


@contextmanager
def running(platform: Platform, **api: Any) -> Iterator[Running]:
    """Serve a platform on a free port."""
    given = {"model_check_seconds": 0.2, "rate_limit_per_minute": 1_000_000, "port": free_port()} | api
    app = create_app(platform.settings, ApiSettings(**given))
    server = uvicorn.Server(server_config(app, ApiSettings(**given)))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        assert time.monotonic() < deadline, "the server did not start in time"
        time.sleep(0.02)
    try:
        yield Running(f"http://127.0.0.1:{given['port']}", app)
    finally:
        server.should_exit = True
        thread.join(timeout=30)
