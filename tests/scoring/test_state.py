"""The campaign's counts for a coming day, from features that reach further."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from bank_marketing.components.context import RunContext
from bank_marketing.errors import ArtifactCorrupt, ArtifactMissing, InvalidAsOf, NotEnoughHistory
from bank_marketing.scoring.state import campaign_state_for, latest_campaign_state, published_features
from bank_marketing.settings import Settings
from tests.support import monitored
from tests.support.campaign import FEATURES

EVENING = date(2010, 6, 30)


def test_a_day_before_the_first_contact_day_is_told_in_words(settings: Settings) -> None:
    context = RunContext("bank_marketing_training", "first", monitored.TRAINED, settings)
    monitored.publish_features(monitored.TRAINED, context)
    first = monitored.DAYS[0]
    with pytest.raises(
        InvalidAsOf, match=f"as_of=2008-05-04: nobody had been called by then, the first contact day is {first}"
    ):
        campaign_state_for(context.store, first, date(2008, 5, 4), FEATURES)
    assert campaign_state_for(context.store, first + timedelta(days=1), first, FEATURES).last_contact_day == first


def published(day: date, settings: Settings, last: date | None = None, run: str = "night") -> str:
    """Features of an evening, without rows; returns their URI."""
    context = RunContext("bank_marketing_training", run, day, settings)
    with context.stage() as stage:
        (stage.path / "split.json").write_text("{}")
        details = {"campaign_state": {"last_contact_day": (last or day).isoformat(), "list_size": 7}}
        return context.publish(stage, "transform_data", "features", details=details).uri


def test_the_newest_features_are_found_without_a_look_at_older_ones(settings: Settings) -> None:
    """Not only for speed: what somebody broke years ago stops no service."""
    store = RunContext("any", "any", EVENING, settings).store
    old = published(EVENING - timedelta(days=1), settings)
    store.write_bytes(f"{old}/manifest.json", b"{")
    newest = published(EVENING, settings)
    store.write_bytes(store.uri("runs/bank_marketing_drift_retraining/2010-07-01/run/collect_window/manifest.json"), b"{}")
    assert latest_campaign_state(store).features_uri == newest
    assert campaign_state_for(store, EVENING + timedelta(days=1), EVENING, FEATURES).features_uri == newest
    with pytest.raises(ArtifactCorrupt):
        list(published_features(store))


def test_features_come_by_day_and_within_a_day_by_the_moment_they_were_made(settings: Settings) -> None:
    days = [EVENING - timedelta(days=number) for number in range(4)]
    for day in (days[2], days[0], days[3], days[1]):
        published(day, settings)
    published(days[1], settings, last=days[2], run="again")
    store = RunContext("any", "any", EVENING, settings).store
    assert [found.as_of for found in published_features(store)] == [days[0], days[1], days[1], days[2], days[3]]
    assert next(found.run_id for found in published_features(store) if found.as_of == days[1]) == "again"
    near = [found.as_of for found in published_features(store, first=days[2])]
    assert near == [days[2], days[3], days[0], days[1], days[1]]
    assert latest_campaign_state(store, days[1]).as_of == days[1]
    assert latest_campaign_state(store, days[2]).last_contact_day == days[2]
    with pytest.raises(ArtifactMissing, match=f"as of {days[3] - timedelta(days=1)} or earlier"):
        latest_campaign_state(store, days[3] - timedelta(days=1))


def test_an_evening_that_no_features_reach_is_looked_for_no_further_back(settings: Settings) -> None:
    store = RunContext("any", "any", EVENING, settings).store
    published(EVENING, settings, last=EVENING - timedelta(days=1))
    published(EVENING - timedelta(days=1), settings)
    old = published(EVENING - timedelta(days=2), settings)
    store.write_bytes(f"{old}/manifest.json", b"{")
    with pytest.raises(NotEnoughHistory):
        campaign_state_for(store, EVENING + timedelta(days=1), EVENING, FEATURES)
