"""Two campaigns in one deployment: each lands, trains, scores and is watched as if it were alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from bank_marketing.artifacts import open_store
from bank_marketing.components.context import RunContext
from bank_marketing.landing.commands import land
from bank_marketing.pipelines import monitoring, run_steps, scoring, training
from bank_marketing.registry.registry import Registry
from bank_marketing.settings import Settings

CAMPAIGNS = ("bank_marketing", "bank_full")

#: The evening of the run, and the last day that lands: the next evening's list is scored.
EVENING, LAST = date(2008, 6, 27), date(2008, 6, 30)


def digests(home: Path, *campaigns: str) -> dict[str, dict[str, str]]:
    """Content digests of what a night makes, by campaign and step; the campaigns take turns step by step."""
    base = Settings(home=home, landing_root=None, artifact_root=None, mlflow_tracking_uri=None, landing_settle_seconds=0)
    contexts = {}
    for campaign in campaigns:
        settings = base.for_campaign(campaign)
        land(settings, synthetic=True, until=LAST)
        contexts[campaign] = RunContext("night", "one", EVENING, settings)
    found: dict[str, dict[str, str]] = {campaign: {} for campaign in campaigns}
    for name, steps in (("training", training.STEPS), ("scoring", scoring.STEPS), ("monitoring", monitoring.STEPS)):
        for campaign, context in contexts.items():
            made = run_steps(steps, context, {"promote": True, "who": "test"})
            found[campaign] |= {f"{name}.{step}": ref.digest for step, ref in made.refs.items()}
            registry = Registry(context.settings, context.store)
            if registry.at("production") is None:  # two months of made-up calls need not make a model that is good enough
                registry.rollback(1, reason="the night goes on", who="test")
    return found


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory, spark: SparkSession) -> tuple[Path, dict[str, dict[str, str]]]:
    home = tmp_path_factory.mktemp("together")
    return home, digests(home, *CAMPAIGNS)


@pytest.mark.parametrize("campaign", CAMPAIGNS)
def test_a_campaign_makes_beside_another_what_it_makes_alone(
    together: tuple[Path, dict[str, dict[str, str]]], campaign: str, tmp_path: Path
) -> None:
    _, found = together
    alone = digests(tmp_path, campaign)[campaign]
    same = {step for step in alone if alone[step] == found[campaign][step]}
    assert same >= {"training.ingest_data", "training.validate_data", "training.transform_data", "training.train_model"}
    assert "scoring.validate_prospects" in same


def test_the_campaigns_share_nothing_but_the_code(together: tuple[Path, dict[str, dict[str, str]]]) -> None:
    home, found = together
    shared = set(found["bank_marketing"].values()) & set(found["bank_full"].values())
    assert not shared
    for campaign in CAMPAIGNS:
        settings = Settings(home=home, landing_root=None, artifact_root=None, mlflow_tracking_uri=None).for_campaign(campaign)
        registry = Registry(settings, open_store(settings))
        assert registry.name == campaign
        assert registry.production().digest == found[campaign]["training.train_model"]
