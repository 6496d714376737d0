"""The size of the list behind an answer about one client: given, published, landed, or that of the last contact day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bank_marketing.artifacts import ArtifactStore, open_store
from bank_marketing.scoring.state import CampaignState
from bank_marketing.serving.list_sizes import size_of_day
from bank_marketing.serving.model_cache import Campaign
from bank_marketing.settings import Settings
from tests.scoring.small_lists import write_list
from tests.support.landed import contact, lines

DAY = date(2010, 7, 1)
LAST = date(2010, 6, 30)
STATE = CampaignState(
    as_of=LAST, last_contact_day=LAST, counts={"list_size": 11}, features_uri="file:///features", features_digest="0" * 64
)
CAMPAIGN = Campaign(STATE, datetime(2010, 6, 30, tzinfo=UTC), {}, synthetic=True)


@pytest.fixture
def store(settings: Settings) -> ArtifactStore:
    return open_store(settings)


def land(root: Path, clients: int) -> None:
    write_list(root, DAY, lines([contact(number, DAY) for number in range(clients)], prospects=True))


def publish(store: ArtifactStore, size: int) -> None:
    with store.stage() as stage:
        (stage.path / "call_list.csv").write_text("rank\n")
        stage.publish(store.uri("call_lists", f"contact_date={DAY}"), "call_list", details={"list_size": size})


def test_what_is_known_best_stands_behind_the_answer(settings: Settings, store: ArtifactStore) -> None:
    assert size_of_day(None, DAY, CAMPAIGN, store, settings) == (11, f"the list of {LAST}, the last contact day")
    land(settings.landing, 7)
    assert size_of_day(None, DAY, CAMPAIGN, store, settings) == (7, f"the landed list of {DAY}")
    publish(store, 6)
    assert size_of_day(None, DAY, CAMPAIGN, store, settings) == (6, f"the call list of {DAY}")
    assert size_of_day(3, DAY, CAMPAIGN, store, settings) == (3, "given")


def test_a_list_that_is_landed_again_is_counted_again(settings: Settings, store: ArtifactStore) -> None:
    for clients in (7, 8, 5):
        land(settings.landing, clients)
        assert size_of_day(None, DAY, CAMPAIGN, store, settings)[0] == clients


def test_a_list_of_a_header_alone_is_none(settings: Settings, store: ArtifactStore) -> None:
    land(settings.landing, 0)
    assert size_of_day(None, DAY, CAMPAIGN, store, settings)[0] == 11
