"""results.json: strict, and bound to the columns that its choice reads and to nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bank_marketing.contract.model import Column, Contract
from bank_marketing.errors import ConfigError
from bank_marketing.modeling.choice import ModelSpec
from bank_marketing.modeling.reads import columns_read
from bank_marketing.modeling.results import DEFAULT, load_results
from bank_marketing.modeling.threshold import PAYING
from tests.support.campaign import CAMPAIGN, CONTRACT, FEATURES

SHIPPED = CAMPAIGN.results_file


def test_the_shipped_file_says_what_its_choice_reads_and_how_it_was_chosen() -> None:
    results = load_results(SHIPPED, CONTRACT)
    assert results.reads == columns_read(results.winner.choice, FEATURES)
    assert results.spans is not None
    assert set(results.winner.scores) == set(results.spans.named)
    assert results.origin.startswith(f"{results.winner.name}: chosen under version 1 of the contract")
    assert "at 8 a call and 40 a success" in results.origin
    winner = results.winner.scores["B"]
    assert all(low <= winner.figures[name] <= high for name, (low, high) in winner.interval.items())
    for name, scores in results.baselines.items():
        for figure in ("f1", "roc_auc", "pr_auc", "lift_at_10"):
            assert winner.figures[figure] > scores["B"].figures[figure], f"{figure} of {name}"


@pytest.mark.parametrize(
    ("feature_set", "read"),
    [
        ("raw", {"age", "campaign", "pdays", "previous"}),
        ("trailing", {"age", "campaign", "pdays", "previous"}),
        ("trailing_channel", {"age", "campaign", "pdays", "previous", "euribor3m"}),
        (
            "raw_macro",
            {
                "age",
                "campaign",
                "pdays",
                "previous",
                "euribor3m",
                "emp_var_rate",
                "cons_price_idx",
                "cons_conf_idx",
                "nr_employed",
            },
        ),
    ],
)
def test_a_choice_reads_the_numbers_of_its_feature_set_and_the_categories(feature_set: str, read: set[str]) -> None:
    found = columns_read(ModelSpec(algorithm="logistic_regression", feature_set=feature_set), FEATURES)
    assert {name for name, kind in found.items() if kind != "string"} == read
    assert {"job", "contact", "poutcome"} <= {name for name, kind in found.items() if kind == "string"}
    assert not {"duration", "y", "contact_id"} & set(found)


def changed(name: str, **fields: Any) -> Contract:
    columns = tuple(column.model_copy(update=fields) if column.name == name else column for column in CONTRACT.columns)
    return CONTRACT.model_copy(update={"columns": columns})


REGION = Column(name="region", type="string", role="client", phase="before_call", severity="warning", title="Region",
                description="", categories=("north", "south"))  # fmt: skip


@pytest.mark.parametrize(
    "contract",
    [
        changed("age", title="Years", description="of life"),
        changed("age", max=120.0),
        changed("job", categories=("admin.", "astronaut")),
        changed("nr_employed", type="integer"),
        CONTRACT.model_copy(update={"columns": (*CONTRACT.columns, REGION)}),
        CONTRACT.model_copy(update={"columns": tuple(column for column in CONTRACT.columns if column.name != "nr_employed")}),
        CONTRACT.model_copy(update={"version": 2}),
    ],
    ids=["title", "range", "category", "unread type", "unrelated column", "unread column gone", "version"],
)
def test_what_the_choice_does_not_read_leaves_it_valid(contract: Contract) -> None:
    results = load_results(SHIPPED, contract)
    assert results.winner.choice == load_results(SHIPPED, CONTRACT).winner.choice
    assert "version 1 of the contract" in results.origin, "that under which it was chosen"


@pytest.mark.parametrize(
    ("contract", "told"),
    [
        (CONTRACT.model_copy(update={"columns": tuple(one for one in CONTRACT.columns if one.name != "job")}), "gone: job"),
        (changed("age", type="double"), r"of another type: age \(integer, now double\)"),
        (changed("euribor3m", phase="after_call"), "gone: euribor3m"),
    ],
)
def test_a_column_that_is_gone_or_of_another_type_is_refused_by_name(contract: Contract, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        load_results(SHIPPED, contract)


def test_without_a_file_there_is_a_default_that_any_campaign_can_train(tmp_path: Path) -> None:
    results = load_results(tmp_path / "results.json", CONTRACT)
    assert results.winner == DEFAULT
    assert results.winner.choice.threshold in PAYING, "nobody is called at a loss before anybody has searched"
    assert "there is no results.json" in results.origin
    assert "bank-marketing experiments" in results.origin


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"winner": {"name": "x", "choice": {"algorithm": "neural network"}}}, r"winner\.choice\.algorithm"),
        ({"unknown": 1}, "unknown"),
        ({"reads": None}, "reads"),
        ({"spans": {"choose_from": "March", "confirm_from": "2009-09"}}, r"spans\.choose_from"),
    ],
)
def test_a_file_that_breaks_the_schema_is_refused_with_the_place(change: dict[str, object], place: str, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(json.loads(SHIPPED.read_bytes()) | change))
    with pytest.raises(ConfigError, match=rf"is no results file of this release: {place}: "):
        load_results(path, CONTRACT)
