"""A client without a table gets what the same client gets in a list, to the last bit and in the same words."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest

from bank_marketing.errors import ConfigError, ModelIncompatible
from bank_marketing.scoring.scorer import CampaignState, Scorer
from bank_marketing.scoring.single import SingleScorer
from tests.scoring.conftest import DAY


@pytest.fixture
def single(scorer: Scorer) -> SingleScorer:
    if not SingleScorer.fits(scorer):
        pytest.skip("trees are scored in tables")
    return SingleScorer(scorer)


def rows_of(prospects: pd.DataFrame) -> list[dict[str, Any]]:
    """Clients in Python's own types, some as no client of the table is: unknown categories, borders, an empty cell."""
    rows: list[dict[str, Any]] = prospects.to_dict("records")
    changes: list[dict[str, Any]] = [{"job": "astronaut"}, {"pdays": 999}, {"pdays": 0, "previous": 0}, {"euribor3m": -0.5}]
    return rows + [rows[number] | changed for number, changed in enumerate(changes)] + [rows[7] | {"contact_id": None}]


@pytest.mark.parametrize("list_size", [1, 40, 1_000_000])
def test_alone_and_in_a_list_the_answer_has_the_same_bits(
    single: SingleScorer, scorer: Scorer, state: CampaignState, prospects: pd.DataFrame, list_size: int
) -> None:
    rows = rows_of(prospects)
    listed = scorer.score(pd.DataFrame(rows), DAY, state, list_size)
    alone = [single.score(row, DAY, state, list_size) for row in rows]
    for name in ("probability", "decision", "expected_profit", "reasons"):
        assert [getattr(one, name) for one in alone] == listed[name].tolist(), name
    assert all(type(one.probability) is type(one.expected_profit) is float and type(one.decision) is bool for one in alone)
    assert {len(one.reasons) for one in alone} >= {4}


def test_a_model_of_trees_is_not_scored_without_a_table(scorer: Scorer) -> None:
    assert SingleScorer.fits(scorer) == (scorer.model.choice.algorithm == "logistic_regression")


@pytest.mark.parametrize("day", [date(2009, 3, 6), date(2009, 3, 5)])
def test_a_day_whose_outcomes_are_known_is_not_scored(
    single: SingleScorer, state: CampaignState, prospects: pd.DataFrame, day: date
) -> None:
    with pytest.raises(ConfigError, match="know its own outcomes"):
        single.score(rows_of(prospects)[0], day, state, 400)


def test_a_missing_column_is_named(single: SingleScorer, state: CampaignState, prospects: pd.DataFrame) -> None:
    row = rows_of(prospects)[0]
    del row["job"]
    with pytest.raises(ModelIncompatible, match="job"):
        single.score(row, DAY, state, 400)
