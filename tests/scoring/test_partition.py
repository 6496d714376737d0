"""What an executor returns: the scorer's own answer as Arrow columns, and reasons where somebody reads them."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from bank_marketing.scoring.partition import ScoringJob, score_batch
from bank_marketing.scoring.scorer import CampaignState, Scorer
from tests.scoring.conftest import DAY


def scored(scorer: Scorer, state: CampaignState, rows: pd.DataFrame) -> list[dict[str, Any]]:
    job = ScoringJob({}, scorer.version, scorer.economics, scorer.contract, DAY, state, 400)
    return score_batch(scorer, job, pa.RecordBatch.from_pandas(rows, preserve_index=False)).to_pylist()


def test_arrow_columns_say_what_the_scorer_says(scorer: Scorer, state: CampaignState, prospects: pd.DataFrame) -> None:
    expected = scorer.score(prospects, DAY, state, 400)
    found = scored(scorer, state, prospects)
    for name in ("contact_id", "probability", "decision", "expected_profit"):
        assert [row[name] for row in found] == expected[name].tolist()
    for row, reasons in zip(found, expected["reasons"], strict=True):
        if row["decision"] or scorer.model.is_linear:
            assert row["reasons"] == [reason._asdict() for reason in reasons]


def test_trees_explain_those_who_are_called(scorer: Scorer, state: CampaignState, prospects: pd.DataFrame) -> None:
    if scorer.model.is_linear:
        pytest.skip("a linear model explains every row")
    found = scored(scorer, state, prospects)
    assert {bool(row["reasons"]) for row in found if row["decision"]} == {True}
    assert {bool(row["reasons"]) for row in found if not row["decision"]} == {False}


@pytest.mark.parametrize("rows", [0, 1])
def test_a_batch_may_be_empty_or_of_one_row(scorer: Scorer, state: CampaignState, prospects: pd.DataFrame, rows: int) -> None:
    assert len(scored(scorer, state, prospects.head(rows))) == rows
