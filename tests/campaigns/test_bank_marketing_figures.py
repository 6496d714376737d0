"""The README and docs/model.md say of the first campaign's models what results.json says, interval by interval."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bank_marketing.campaign import load_campaign
from bank_marketing.modeling.results import load_results
from scripts.environment import PROJECT

CAMPAIGN = load_campaign("bank_marketing")
RESULTS = load_results(CAMPAIGN.results_file, CAMPAIGN.contract)

#: Entry of results.json by the words that begin its row.
ROWS = {
    "this platform (ridge logistic regression)": RESULTS.winner.name,
    f"shipped: {RESULTS.winner.name}": RESULTS.winner.name,
    "shipped": RESULTS.winner.name,
    "ridge, tuned by Optuna": "ridge, tuned",
    "LightGBM, tuned, same features": "LightGBM, tuned, half_best_f1",
    "LightGBM, tuned": "LightGBM, tuned, half_best_f1",
    "XGBoost, tuned": "XGBoost, tuned, half_best_f1",
    "random forest, tuned": "random forest, tuned, half_best_f1",
    "trailing conversion rate, no model": "trailing rate",
    "the last 5 days' rate": "trailing rate",
    "calling everyone, ranked by the rate so far": "call everyone",
    "call everyone": "call everyone",
}

#: Figure of results.json by the column's title; what follows the comma is a unit.
COLUMNS = {
    "ROC AUC": "roc_auc",
    "PR AUC": "pr_auc",
    "F1": "f1",
    "lift@10%": "lift_at_10",
    "Brier": "brier",
    "profit": "profit",
    "ROC AUC within months": "roc_auc_within",
    "lift@10% within": "lift_at_10_within",
}

TABLES = [
    ("README.md", "Pooled from March 2009", "B", 6),
    ("docs/model.md", "Report **B**", "B", 9),
    ("docs/model.md", "Report **A**", "A", 4),
]


def rows(page: str, after: str) -> list[dict[str, str]]:
    """Cells by column of the first table after these words, without markup."""
    text = Path(PROJECT / page).read_text(encoding="utf-8")
    body = text[text.index(after) :]
    table = re.search(r"\n\n(\|.*?)\n\n", body, re.DOTALL)
    assert table, after
    head, _, *lines = [
        [re.sub(r"\*\*|\*\w+:\* ", "", cell).strip() for cell in line.strip("|").split("|")] for line in table[1].splitlines()
    ]
    return [dict(zip(head, line, strict=True)) for line in lines]


def number(text: str) -> float:
    return float(text.replace(",", ""))


def decimals(text: str) -> int:
    return len(text.partition(".")[2])


@pytest.mark.parametrize(("page", "after", "span", "count"), TABLES)
def test_a_page_has_the_figures_of_the_search(page: str, after: str, span: str, count: int) -> None:
    entries = {entry.name: entry.scores for entry in (RESULTS.winner, *RESULTS.runners_up)} | RESULTS.baselines
    found = rows(page, after)
    assert len(found) == count
    for row in found:
        name = row.pop("")
        scores = entries[ROWS.get(name, name)][span]
        for title, cell in row.items():
            figure = COLUMNS[title.split(", ")[0]]
            shown, *bounds = re.findall(r"[\d.,]*\d", cell)
            for said, right in zip([shown, *bounds], [scores.figures[figure], *scores.interval.get(figure, ())], strict=False):
                assert number(said) == pytest.approx(right, abs=0.5000001 * 10 ** -decimals(said)), f"{name}: {title}: {right}"


def test_rivals_stand_under_the_rule_that_serves_them_best() -> None:
    """What the note under the table says of the threshold, and of the shipped rule."""
    search = (PROJECT / "docs" / "experiments.csv").read_text(encoding="utf-8")
    by_rule = {
        rule: float(re.search(rf'"LightGBM, tuned{re.escape(rule)}",[\d.]+,[\d.]+,([\d.]+)', search)[1])  # type: ignore[index]
        for rule in ("", ", best_f1", ", half_best_f1", ", break_even")
    }
    assert max(by_rule, key=lambda rule: by_rule[rule]) == ", half_best_f1"
    note = (PROJECT / "docs" / "model.md").read_text(encoding="utf-8")
    said = re.search(r"under the\s+shipped rule LightGBM has (\.\d+)", note)
    assert said
    assert float(said[1]) == pytest.approx(by_rule[""], abs=0.0005)
