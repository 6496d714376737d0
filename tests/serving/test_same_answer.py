"""The service and the nightly job give the same client of the same day the same answer, and the pages show what the night made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pandas as pd
import pytest

from bank_marketing.campaign import open_campaign
from bank_marketing.lists.results import REASONS
from bank_marketing.scoring.predictions import PredictionLog
from bank_marketing.serving import call_lists
from bank_marketing.serving.call_lists import Outcomes
from tests.scoring.small_lists import BAD, COMING, people
from tests.support.campaign import CONTRACT
from tests.support.served import Platform, Running

ATTRIBUTES = [column.name for column in CONTRACT.prospect_columns]


@pytest.fixture(scope="module")
def client(served_lived: Running, lived: Platform) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served_lived.url, headers={"X-API-Key": lived.key()}, timeout=60) as made:
        yield made


@pytest.fixture(scope="module")
def night(lived: Platform) -> pd.DataFrame:
    """What the nightly job published, one row a client."""
    store = lived.context("night").store
    with store.local_copy(f"{dict(call_lists.published(store))[COMING]}/scores") as folder:
        return pd.read_parquet(folder).set_index("contact_id")


def prospects() -> list[dict[str, Any]]:
    return [{name: row[name] for name in ATTRIBUTES} for row in people(COMING) if row["contact_id"] != BAD]


def test_one_by_one_and_together_the_answer_is_that_of_the_night_to_the_last_digit(
    client: httpx.Client, night: pd.DataFrame
) -> None:
    asked = {"day": COMING.isoformat(), "list_size": 40}  # the landed list has 40 rows; the bad one counts towards its size
    together = client.post("/api/v1/predictions/batch", json={"prospects": prospects(), **asked}).json()["predictions"]
    single = [client.post("/api/v1/predictions", json={"prospect": row, **asked}).json() for row in prospects()[:8]]
    assert len(together) == len(night) == 39
    for answer in (*together, *single):
        listed = night.loc[answer["contact_id"]]
        assert answer["probability"] == listed["probability"]  # not approximately
        assert answer["expected_profit"] == listed["expected_profit"]
        assert answer["decision"] == bool(listed["decision"])
        told = [reason["text"] for reason in answer["reasons"]][:REASONS]
        assert told == [text for text in (listed[f"reason_{n}"] for n in range(1, len(told) + 1)) if text]


def test_records_of_both_say_that_the_input_was_the_same(client: httpx.Client, lived: Platform, night: pd.DataFrame) -> None:
    log = PredictionLog(lived.context("log").store)
    row = prospects()[0]
    made = client.post("/api/v1/predictions", json={"prospect": row, "day": COMING.isoformat(), "list_size": 40}).json()
    ours, theirs = log.get(made["prediction_id"]), log.get(night.loc[row["contact_id"]]["prediction_id"])
    assert (ours.source, theirs.source) == ("api", "batch")
    same = ("input_digest", "model_digest", "features_digest", "probability", "threshold", "decision", "day")
    assert [getattr(ours, name) for name in same] == [getattr(theirs, name) for name in same]


def test_a_prediction_of_the_night_is_traced_by_the_api(client: httpx.Client, night: pd.DataFrame) -> None:
    traced = client.get(f"/api/v1/predictions/{night['prediction_id'].iloc[0]}").json()
    assert traced["prediction"]["contact_id"] == night.index[0]
    assert traced["prediction"]["source"] == "batch"


def test_outcomes_join_the_lists_with_the_contacts_that_came_back(served_lived: Running, lived: Platform) -> None:
    loaded = served_lived.service.models.current
    outcomes = Outcomes(lived.context("log").store, open_campaign(lived.settings).economics)
    (day,) = outcomes.days(loaded.campaign.state)  # the list of the coming day has no outcomes yet
    assert (day.money.contacts, day.money.subscribers, day.model_version) == (40, 40, 1)
    assert day.money.conversions == day.money.called <= 40
    assert 0 < day.expected <= day.money.called
    found = call_lists.total((day, day), 1)
    assert found is not None
    assert (found[0], found[1].contacts) == (2 * day.expected, 80)
    assert call_lists.total((day,), 2) is None
