"""The market of the last contact day is read alone, wherever its rows lie."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest

from bank_marketing.artifacts import ArtifactStore, LocalStore
from bank_marketing.scoring.market import latest_market
from bank_marketing.scoring.scorer import CampaignState
from tests.support.campaign import CONTRACT
from tests.support.features import features_table

LAST = date(2009, 5, 4)
MACRO = [column.name for column in CONTRACT.attributes if column.role == "macro"]


@pytest.fixture
def store(tmp_path: object) -> ArtifactStore:
    return LocalStore(f"file://{tmp_path}")


def state_of(store: ArtifactStore, parts: list[pd.DataFrame], last: date = LAST) -> CampaignState:
    for number, part in enumerate(parts):
        store.write_bytes(f"{store.root}/f/features/part-{number}.parquet", part.to_parquet(index=False))
    return CampaignState(as_of=last, last_contact_day=last, counts={}, features_uri=store.uri("f"), features_digest="d")


@pytest.mark.parametrize("cut", [1, 100, 3570, 3599])
def test_it_is_that_of_the_last_row_of_the_last_day(store: ArtifactStore, cut: int) -> None:
    table = features_table()
    assert len(table) == 3600
    assert table["contact_date"].iloc[-1] == LAST
    table.loc[3599, MACRO] = [float(number) + 0.5 for number in range(len(MACRO))]
    state = state_of(store, [table[:cut], table[cut:]])
    assert latest_market(store, state, CONTRACT) == {name: number + 0.5 for number, name in enumerate(MACRO)}


def test_there_is_none_of_a_day_without_contacts(store: ArtifactStore) -> None:
    state = state_of(store, [features_table()], LAST + timedelta(days=1))
    assert latest_market(store, state, CONTRACT) == {}
