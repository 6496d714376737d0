"""The table that a pull request shows, of a real run."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bank_marketing.errors import ConfigError
from bank_marketing.settings import Settings
from scripts.metrics_comment import comment, newest_run, table
from tests.support.small_run import SmallRun


def test_the_table_says_what_the_run_measured(small_run: SmallRun) -> None:
    evaluation = json.loads(
        (newest_run(small_run.context.settings, "test_dag") / "evaluate_model" / "evaluation.json").read_text()
    )
    text = comment(small_run.context.settings, "0123456789abcdef", "test_dag")
    rows = {line.split("|")[1].strip(): line for line in text.splitlines() if line.startswith("| ")}
    assert f"{evaluation['candidate']['f1']:.3f} [" in rows["F1"]
    assert f"{evaluation['baselines']['call everyone']['f1']:.3f}" in rows["F1"]
    assert f"{evaluation['candidate']['roc_auc']:.3f}" in rows["ROC AUC"]
    assert "Call everyone" in rows[""]
    assert {line.count("|") for line in rows.values()} == {rows[""].count("|")}
    assert "commit 0123456789ab," in text
    assert "Decision: promoted" in text


def test_the_synthetic_campaign_is_named_and_the_champion_stands_beside(small_run: SmallRun) -> None:
    root = Path(urlsplit(small_run.context.settings.artifacts).path)
    [path] = root.glob("runs/test_dag/*/*/evaluate_model/evaluation.json")
    evaluation = json.loads(path.read_text())
    evaluation |= {"champion": evaluation["candidate"], "champion_version": 7}
    text = table(evaluation, None, synthetic=True, as_of="2009-04-24", commit="c")
    assert text.startswith("### Model metrics — SYNTHETIC campaign")
    assert "In production (v7)" in text


def test_without_a_run_it_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="make run"):
        comment(Settings(home=tmp_path))
