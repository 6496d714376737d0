"""Which published counts a coming day is scored with: the newest that know no later outcome, else counted again, else a sentence."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest

from bank_marketing.artifacts import ArtifactStore, Manifest
from bank_marketing.campaign.features import FeatureSpec, Segment
from bank_marketing.components.context import RunContext
from bank_marketing.errors import ArtifactMissing, InvalidAsOf, NotEnoughHistory
from bank_marketing.scoring.market import latest_market
from bank_marketing.scoring.state import CampaignState, campaign_state_for, latest_campaign_state, published_features
from bank_marketing.settings import Settings
from tests.support.campaign import CONTRACT

MONDAY = date(2009, 3, 2)

SPEC = FeatureSpec(
    attributes={}, forbidden=(), windows=(1, 2), segments={"contact": Segment(window=2, counted={"mobile": ("cellular",)}, prior=5)},
    sets={"all": ()},
)  # fmt: skip

MACRO = [column.name for column in CONTRACT.attributes if column.role == "macro"]


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


def table(days: int) -> pd.DataFrame:
    """On the n-th day n + 1 contacts, of which the first is won by mobile phone."""
    rows = [
        {"contact_date": day(number), "y": int(place == 0), "contact": "cellular" if place == 0 else "telephone",
         "list_size": 10 * number + 7, **dict.fromkeys(MACRO, number + 0.5)}
        for number in range(days)
        for place in range(number + 1)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def published(
    settings: Settings,
    evening: int,
    *,
    run_id: str = "run",
    dag: str = "training",
    last: int | None = None,
    days: int = 5,
    **details: Any,
) -> Manifest:
    context = RunContext(dag, run_id, day(evening), settings)
    state = {
        "campaign_state": {"last_contact_day": str(day(evening if last is None else last)), "contacts_all": 7, "list_size": 3}
    }
    with context.stage() as stage:
        (stage.path / "features").mkdir()
        table(days).to_parquet(stage.path / "features" / "part-0.parquet", index=False)
        return context.publish(stage, "transform_data", "features", details=details or state)


@pytest.fixture
def store(settings: Settings) -> ArtifactStore:
    return RunContext("training", "run", MONDAY, settings).store


def test_a_state_says_whose_counts_it_has(settings: Settings, store: ArtifactStore) -> None:
    made = published(settings, 3, last=2)
    state = latest_campaign_state(store)
    assert state == CampaignState(
        as_of=day(3), last_contact_day=day(2), counts={"contacts_all": 7, "list_size": 3}, features_uri=made.uri,
        features_digest=made.content_digest,
    )  # fmt: skip
    assert state.features == made.ref


def test_the_newest_is_taken_that_knows_no_later_day(settings: Settings, store: ArtifactStore) -> None:
    for evening, last in ((1, 1), (3, 3), (4, 3), (6, 6)):
        published(settings, evening, last=last)
    published(settings, 8, note="no state")
    assert latest_campaign_state(store).as_of == day(6)
    found = {number: latest_campaign_state(store, day(number)).as_of for number in (1, 2, 3, 5, 6, 9)}
    assert found == {1: day(1), 2: day(1), 3: day(4), 5: day(4), 6: day(6), 9: day(6)}


def test_without_any_the_training_is_named(settings: Settings, store: ArtifactStore) -> None:
    with pytest.raises(ArtifactMissing) as nothing:
        latest_campaign_state(store)
    assert str(nothing.value) == "no features were published: run the training DAG (`make run`) first"
    published(settings, 3)
    with pytest.raises(ArtifactMissing) as later:
        latest_campaign_state(store, day(2))
    assert str(later.value) == "no features were published as of 2009-03-04 or earlier: run the training DAG (`make run`) first"


def test_features_come_by_day_and_of_one_day_the_last_made_first(settings: Settings, store: ArtifactStore) -> None:
    published(settings, 2, run_id="b")
    published(settings, 2, run_id="a", days=3)
    published(settings, 1, dag="another")
    published(settings, 3, dag="another")
    context = RunContext("training", "half", day(9), settings)
    store.write_bytes(f"{context.component_uri('transform_data')}/features/part-0.parquet", b"a try that was killed")
    assert [(found.as_of, found.run_id) for found in published_features(store)] == [
        (day(3), "run"), (day(2), "a"), (day(2), "b"), (day(1), "run"),
    ]  # fmt: skip
    asked = [found.as_of for found in published_features(store, first=day(2))]
    assert asked == [day(2), day(2), day(1), day(3)], "days up to the asked-for one come before all later ones"


def test_the_state_of_the_evening_itself_is_taken_as_it_was_published(settings: Settings, store: ArtifactStore) -> None:
    for evening, last in ((1, 1), (3, 2), (4, 4)):
        published(settings, evening, last=last)
    state = campaign_state_for(store, day(3), day(2), SPEC)
    assert (state.as_of, state.last_contact_day, state.counts) == (day(3), day(2), {"contacts_all": 7, "list_size": 3})


def test_an_evening_without_a_run_is_counted_again_from_the_next_one(settings: Settings, store: ArtifactStore) -> None:
    published(settings, 1, last=1)
    near = published(settings, 3, last=3, run_id="near")
    published(settings, 4, last=4, run_id="far")
    state = campaign_state_for(store, day(3), day(2), SPEC)
    assert (state.last_contact_day, state.as_of, state.features_uri) == (day(2), day(3), near.uri)
    assert state.counts == {
        "contacts_1d": 3, "conversions_1d": 1, "contacts_2d": 5, "conversions_2d": 2, "contacts_2d_mobile": 2, "conversions_2d_mobile": 2,
        "contacts_all": 6, "conversions_all": 3, "list_size": 27,
    }  # fmt: skip


def test_an_evening_that_no_features_reach_is_told_in_words(settings: Settings, store: ArtifactStore) -> None:
    published(settings, 3, last=3)
    published(settings, 9, last=3, run_id="silent")
    with pytest.raises(NotEnoughHistory) as refused:
        campaign_state_for(store, day(5), day(4), SPEC)
    assert str(refused.value) == (
        "the list of 2009-03-07 needs the campaign's counts of the evening of 2009-03-06, and no features reach it. Run the training DAG "
        "as of 2009-03-06, then re-run."
    )


def test_an_evening_before_the_first_call_is_told_in_words(settings: Settings, store: ArtifactStore) -> None:
    published(settings, 3)
    with pytest.raises(InvalidAsOf) as refused:
        campaign_state_for(store, day(0), day(-1), SPEC)
    assert str(refused.value) == (
        "as_of=2009-03-01: nobody had been called by then, the first contact day is 2009-03-02. Name a day from then on."
    )
    assert campaign_state_for(store, day(1), day(0), SPEC).counts["contacts_all"] == 1


def test_the_market_is_that_of_the_last_contact_day(settings: Settings, store: ArtifactStore) -> None:
    published(settings, 3, last=2)
    state = latest_campaign_state(store)
    assert latest_market(store, state, CONTRACT) == dict.fromkeys(MACRO, 2.5)
    assert latest_market(store, state.model_copy(update={"last_contact_day": day(20)}), CONTRACT) == {}
    bare = CONTRACT.model_copy(update={"columns": tuple(one for one in CONTRACT.columns if one.role != "macro")})
    assert latest_market(store, state, bare) == {}
