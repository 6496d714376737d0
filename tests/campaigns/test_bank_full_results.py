"""bank_full has a model of its own search, and its README says what results.json says."""

from __future__ import annotations

import re

import pytest

from bank_marketing.campaign import load_campaign
from bank_marketing.modeling.results import load_results

CAMPAIGN = load_campaign("bank_full")
RESULTS = load_results(CAMPAIGN.results_file, CAMPAIGN.contract)

#: Columns of the tables.
FIGURES = ("roc_auc", "pr_auc", "f1", "lift_at_10", "brier", "roc_auc_within", "lift_at_10_within")


def tables() -> dict[str, dict[str, list[str]]]:
    """Cells by span and model, as the README has them."""
    found: dict[str, dict[str, list[str]]] = {}
    for span, body in re.findall(
        r"^Report \*\*(\w)\*\*.*?\n\n(.*?)\n\n", (CAMPAIGN.folder / "README.md").read_text(), re.M | re.S
    ):
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in body.splitlines()[2:]]
        found[span] = {re.sub(r"\*\*|\*\w+:\* ", "", name): cells for name, *cells in rows}
    return found


def test_the_search_chose_a_model_that_the_contract_can_feed() -> None:
    assert RESULTS.spans is not None
    assert RESULTS.winner.choice.feature_set in CAMPAIGN.features.sets
    assert not RESULTS.winner.choice.extra_columns
    assert RESULTS.economics == CAMPAIGN.economics
    assert {name: CAMPAIGN.contract[name].type for name in RESULTS.reads} == RESULTS.reads


@pytest.mark.parametrize("span", ["A", "B"])
def test_the_readme_has_the_figures_of_the_search(span: str) -> None:
    models = {f"shipped: {RESULTS.winner.name}": RESULTS.winner.scores, **RESULTS.baselines}
    shown = tables()[span]
    assert set(models) <= set(shown)
    for name, scores in models.items():
        figures = scores[span].figures
        assert shown[name] == [f"{figures[key]:.3f}" if key in figures else "" for key in FIGURES]
