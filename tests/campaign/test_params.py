"""What a campaign sets of the steps' configurations: by file, by environment, by the run; and what is refused, with its place."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from bank_marketing.campaign import CAMPAIGNS, open_campaign
from bank_marketing.components.context import RunContext
from bank_marketing.components.evaluate_model import EvaluationConfig
from bank_marketing.components.transform_data import TransformationConfig
from bank_marketing.economics import Economics
from bank_marketing.errors import ConfigError
from bank_marketing.monitoring.config import MonitoringConfig
from bank_marketing.settings import Settings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the first campaign whose parameters a test may set; the environment names it."""
    shutil.copytree(CAMPAIGNS / "bank_marketing", tmp_path / "cards")
    monkeypatch.setenv("BANK_CAMPAIGN", str(tmp_path / "cards"))
    for name in ("BANK_CALL_COST", "BANK_DEPOSIT_MARGIN"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cards"


def context(folder: Path, params: str) -> RunContext:
    (folder / "params.yaml").write_text(params, encoding="utf-8")
    return RunContext("dag", "run", date(2010, 6, 30), Settings(home=folder.parent))


def test_the_run_goes_before_the_environment_before_the_campaign_before_the_default(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = context(folder, "transform_data: {holdout_rows: 400, holdout_days: 5, validation_rows: 900}\n")
    monkeypatch.setenv("BANK_PARAMS__TRANSFORM_DATA__HOLDOUT_DAYS", "7")
    monkeypatch.setenv("BANK_PARAMS__TRANSFORM_DATA__VALIDATION_ROWS", "800")
    run = RunContext("dag", "run", run.as_of, Settings(home=folder.parent))
    found = run.config("transform_data", TransformationConfig, validation_rows=700)
    assert (found.holdout_rows, found.holdout_days, found.validation_rows) == (400, 7, 700)
    assert found.max_share == TransformationConfig().max_share
    assert run.config("evaluate_model", EvaluationConfig) == EvaluationConfig()


def test_the_steps_that_watch_share_a_section(folder: Path) -> None:
    run = context(folder, "monitoring: {window_days: 5}\n")
    for step in ("collect_window", "detect_drift", "measure_performance", "decide_retraining", "notify_decision"):
        assert run.config(step, MonitoringConfig).window_days == 5


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ("title: Cards\ntransform_dato: {holdout_rows: 4}\n", r"cards/params\.yaml, line 2: transform_dato: "),
        ("transform_data:\n  holdout_row: 4\n", r"cards/params\.yaml, line 2: transform_data\.holdout_row: "),
        ("transform_data:\n  holdout_rows: -4\n", r"cards/params\.yaml, line 2: transform_data\.holdout_rows: "),
        ("transform_data: 4\n", r"cards/params\.yaml, line 1: transform_data: must be a mapping"),
        ("prices: {call_cost: -1}\n", r"cards/params\.yaml, line 1: prices\.call_cost: "),
    ],
)
def test_what_cannot_be_set_is_refused_with_file_and_line(folder: Path, params: str, told: str) -> None:
    run = context(folder, params)
    with pytest.raises(ConfigError, match=told):
        run.config("transform_data", TransformationConfig)


@pytest.mark.parametrize(
    ("variable", "told"),
    [
        ("BANK_PARAMS__TRANSFORM_DATA__HOLDOUT_ROW", "BANK_PARAMS__TRANSFORM_DATA__HOLDOUT_ROW: "),
        ("BANK_PARAMS__TRANSFORM_DATO__HOLDOUT_ROWS", "no section 'transform_dato'"),
    ],
)
def test_a_variable_that_sets_nothing_is_refused_by_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch, variable: str, told: str
) -> None:
    monkeypatch.setenv(variable, "4")
    run = context(folder, "")
    with pytest.raises(ConfigError, match=told):
        run.config("transform_data", TransformationConfig)


def test_the_prices_are_the_campaigns_and_the_two_settings_override_them(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert context(folder, "prices: {call_cost: 3, deposit_margin: 90}\n").campaign.economics == Economics(3, 90)
    assert context(folder, "").campaign.economics == Economics(8, 40)
    monkeypatch.setenv("BANK_CALL_COST", "20")
    assert open_campaign(Settings()).economics == Economics(20, 40)


def test_what_is_set_is_part_of_the_steps_manifest_and_of_no_others(folder: Path) -> None:
    run = context(folder, "evaluate_model: {min_gain: 0.02}\n")
    assert run.campaign.params.chosen == ["evaluate_model.min_gain = 0.02"]
    for component in ("evaluate_model", "train_model"):
        with run.stage() as stage:
            (stage.path / "x.json").write_text(json.dumps({}), encoding="utf-8")
            made = run.publish(stage, component, "kind", parameters={"seed": 7})
        told = {"params": {"min_gain": 0.02}} if component == "evaluate_model" else {}
        assert made.parameters == {"seed": 7} | told
