"""A client without a table gets what the same client gets in a list, to the last bit and in the same words."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest

from bank_marketing.errors import ConfigError, ModelIncompatible
from bank_marketing.scoring import single as module
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


def test_what_is_remembered_of_earlier_clients_changes_no_bit(
    single: SingleScorer, scorer: Scorer, state: CampaignState, prospects: pd.DataFrame
) -> None:
    rows = rows_of(prospects)
    rows += [row | {"euribor3m": value} for row in rows[:2] for value in (0.0, -0.0, 5)]
    later = state.model_copy(update={"counts": {name: count + 3 for name, count in state.counts.items()}})
    asked = [(DAY, state, 40), (DAY, later, 40), (DAY + timedelta(days=3), later, 40), (DAY, later, 41)]
    for day, counts, size in asked * 2:
        listed = scorer.score(pd.DataFrame(rows), day, counts, size)
        for _ in range(2):  # the second time nothing is encoded anew
            alone = [single.score(row, day, counts, size) for row in rows]
            for name in ("probability", "decision", "expected_profit", "reasons"):
                found = [repr(getattr(one, name)) for one in alone]
                assert found == [repr(value) for value in listed[name].tolist()], (name, day, size)


def test_no_more_is_remembered_than_is_said(
    single: SingleScorer, state: CampaignState, prospects: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_DAYS", 2)
    monkeypatch.setattr(module, "MOST_NUMBERS", 60)
    row = rows_of(prospects)[0]
    for size in range(1, 9):
        for age in range(18, 98):
            single.score(row | {"age": age, "euribor3m": age / 7}, DAY, state, size)
        days = single._known[1]
        assert len(days) <= 3
        assert all(len(numbers) <= 60 + len(single._own) for numbers in days.values())


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
    for name in ("job", "age"):
        without = {column: value for column, value in row.items() if column != name}
        for _ in range(2):
            with pytest.raises(ModelIncompatible, match=name):
                single.score(without, DAY, state, 400)
            single.score(row, DAY, state, 400)
