"""results.json: what training reads is complete, strict, and made for this contract."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bank_marketing.errors import ConfigError
from bank_marketing.modeling.results import load_results
from tests.support.campaign import CAMPAIGN, CONTRACT

SHIPPED = CAMPAIGN.results_file


def test_the_shipped_file_says_what_was_chosen_and_how_good_it_is() -> None:
    results = load_results(SHIPPED, CONTRACT.digest)
    winner = results.winner.scores["B"]
    assert winner.figures["rows"] == 13_498
    assert results.winner.scores["A"].figures["rows"] == 29_051
    assert set(winner.interval) == {"f1", "roc_auc", "pr_auc", "lift_at_10", "brier"}
    assert all(low <= winner.figures[name] <= high for name, (low, high) in winner.interval.items())
    algorithms = {one.choice.algorithm for one in (results.winner, *results.runners_up)}
    assert algorithms == {"logistic_regression", "random_forest", "xgboost", "lightgbm"}
    assert set(results.baselines) >= {"call everyone", "trailing rate"}
    assert len(results.data_digest) == 64
    assert results.libraries["scikit-learn"]


def test_the_shipped_winner_beats_its_baselines_on_f1_and_ranking() -> None:
    results = load_results(SHIPPED, CONTRACT.digest)
    winner = results.winner.scores["B"].figures
    for name, scores in results.baselines.items():
        for figure in ("f1", "roc_auc", "pr_auc", "lift_at_10"):
            assert winner[figure] > scores["B"].figures[figure], f"{figure} of {name}"


def test_a_file_for_another_contract_is_refused() -> None:
    with pytest.raises(ConfigError, match="made for the data contract"):
        load_results(SHIPPED, "0" * 64)


def test_a_missing_file_says_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="bank-marketing experiments"):
        load_results(tmp_path / "results.json", "")


@pytest.mark.parametrize(
    "change",
    [
        {"winner": {"name": "x", "choice": {"algorithm": "neural network"}}},
        {"winner": {"name": "x", "choice": {"algorithm": "lightgbm", "feature_set": "everything"}}},
        {"unknown": 1},
        {"contract": None},
    ],
)
def test_a_file_that_breaks_the_schema_is_refused(change: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(json.loads(SHIPPED.read_bytes()) | change))
    with pytest.raises(ConfigError, match="is no results file"):
        load_results(path, CONTRACT.digest)
