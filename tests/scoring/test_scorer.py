"""The scorer: point-in-time columns, and the same bits alone or in any list."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bank_marketing.errors import ConfigError, ModelIncompatible
from bank_marketing.scoring.scorer import CampaignState, Scorer, feature_rows
from tests.scoring.conftest import DAY
from tests.support.features import PRICES


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(picked=st.lists(st.integers(0, 399), min_size=1, max_size=60))
def test_a_client_gets_the_same_bits_alone_and_in_any_list(
    scorer: Scorer, state: CampaignState, prospects: pd.DataFrame, picked: list[int]
) -> None:
    everyone = scorer.score(prospects, DAY, state, list_size=400)
    some = scorer.score(prospects.iloc[picked], DAY, state, list_size=400)
    alone = scorer.score(prospects.iloc[[picked[0]]], DAY, state, list_size=400)
    assert some["probability"].to_numpy().tobytes() == everyone["probability"].to_numpy()[picked].tobytes()
    assert alone["probability"].iloc[0] == everyone["probability"].iloc[picked[0]]
    assert some["reasons"].tolist() == [everyone["reasons"].iloc[number] for number in picked]


def test_the_coming_day_takes_the_counts_of_the_evening_before(state: CampaignState, prospects: pd.DataFrame) -> None:
    rows = feature_rows(prospects, DAY, state, list_size=77)
    assert set(rows["list_size"]) == {77}
    assert set(rows["days_since_last_contact_day"]) == {4}
    assert set(rows["conversions_5d"]) == {40}


@pytest.mark.parametrize("day", [date(2009, 3, 6), date(2009, 3, 5)])
def test_a_day_whose_outcomes_are_known_is_not_scored(
    scorer: Scorer, state: CampaignState, prospects: pd.DataFrame, day: date
) -> None:
    with pytest.raises(ConfigError, match="know its own outcomes"):
        scorer.score(prospects, day, state, 400)


def test_decision_and_profit_follow_the_threshold_and_the_economics(
    scorer: Scorer, state: CampaignState, prospects: pd.DataFrame
) -> None:
    scored = scorer.score(prospects, DAY, state, 400)
    p = scored["probability"].to_numpy()
    assert (scored["decision"].to_numpy() == (p >= scorer.model.threshold)).all()
    assert np.allclose(scored["expected_profit"], PRICES.deposit_margin * p - PRICES.call_cost)
    assert scored["contact_id"].tolist() == prospects["contact_id"].tolist()


def test_an_empty_list_gives_an_empty_answer(scorer: Scorer, state: CampaignState, prospects: pd.DataFrame) -> None:
    assert scorer.score(prospects.head(0), DAY, state, 1).empty


def test_a_model_that_wants_other_columns_is_refused(scorer: Scorer) -> None:
    short = scorer.contract.model_copy(
        update={"columns": tuple(column for column in scorer.contract.columns if column.name != "job")}
    )
    with pytest.raises(ModelIncompatible, match="job"):
        Scorer(scorer.model, scorer.version, scorer.economics, short)
