"""The search: it resumes where it was broken off, finds the same again, and judges only what a bank could have used."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from bank_marketing.campaign import load_campaign
from bank_marketing.cli import app
from bank_marketing.errors import ConfigError, NotEnoughHistory
from bank_marketing.modeling import protocol, search
from bank_marketing.modeling.choice import Algorithm, ModelSpec
from bank_marketing.modeling.experiments import VARIANTS, Outcome, finalists, grid_of, run_experiments, steps
from bank_marketing.modeling.grid import Experiment, experiments, ridge
from bank_marketing.modeling.results import Results, Scores
from bank_marketing.modeling.spans import Spans
from tests.support.campaign import CONTRACT, FEATURES
from tests.support.features import PRICES, features_table

RIDGE = ridge("trailing_channel")
TREES = ModelSpec(algorithm="lightgbm", hyper_parameters={"n_estimators": 10}, threshold="half_best_f1")
GRID = (
    Experiment("algorithm and features", "ridge", RIDGE),
    Experiment("algorithm and features", "LightGBM", TREES),
    Experiment("sampler", "ridge, smote", RIDGE.model_copy(update={"sampler": "smote"})),
)
TUNED: tuple[Algorithm, ...] = ("logistic_regression",)


@pytest.fixture(scope="module")
def features() -> pd.DataFrame:
    return features_table(days=120, rows_a_day=25)


class Log:
    """What a search reported."""

    def __init__(self) -> None:
        self.recorded: list[tuple[str, str]] = []
        self.progressed: list[str] = []

    def record(self, group: str, name: str, choice: ModelSpec, figures: dict[str, float]) -> None:
        assert figures
        self.recorded.append((group, name))


def run(features: pd.DataFrame, folder: Path, trials: int = 3, spans: Spans | None = None) -> tuple[Results, Log]:
    log = Log()
    results, overview = run_experiments(
        features,
        FEATURES,
        folder,
        contract=CONTRACT,
        economics=PRICES,
        spans=spans,
        trials=trials,
        algorithms=TUNED,
        grid=GRID,
        resamples=10,
        record=log.record,
        progress=log.progressed.append,
    )
    assert len(overview) == len(GRID) + VARIANTS * len(TUNED)
    return results, log


def test_a_search_reports_every_step_and_keeps_the_choice_in_full(features: pd.DataFrame, tmp_path: Path) -> None:
    results, log = run(features, tmp_path)
    assert len(log.progressed) == steps(FEATURES, 3, TUNED, GRID)
    assert [name for group, name in log.recorded if group == "trial"] == [f"ridge, tuned, trial {i}" for i in range(3)]
    assert results.data_digest == search.data_digest(protocol.in_time_order(features))
    assert {one.choice.algorithm for one in (results.winner, *results.runners_up)} == {"logistic_regression", "lightgbm"}
    assert Results.model_validate_json(results.model_dump_json()) == results


def test_a_broken_off_search_goes_on_and_finds_what_one_in_a_single_go_finds(
    features: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = run(features, tmp_path / "whole")
    fits = 0
    real = protocol.out_of_sample

    def power_cut_at_the_fifth(*args: object, **kwargs: object) -> object:
        nonlocal fits
        fits += 1
        if fits == 5:
            raise KeyboardInterrupt
        return real(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(protocol, "out_of_sample", power_cut_at_the_fifth)
    with pytest.raises(KeyboardInterrupt):
        run(features, tmp_path / "broken")
    resumed, log = run(features, tmp_path / "broken")
    assert resumed == whole
    assert fits < 5 + 6, "what was predicted before the cut is not predicted again"
    assert len(log.progressed) == steps(FEATURES, 3, TUNED, GRID)
    before = fits
    assert run(features, tmp_path / "broken")[0] == whole
    assert fits == before, "a finished search predicts nothing again"


def test_other_data_are_searched_anew(features: pd.DataFrame, tmp_path: Path) -> None:
    table = protocol.in_time_order(features)
    other = table.assign(y=1 - table["y"])
    digests = [search.data_digest(rows) for rows in (table, other, table[sorted(table.columns)])]
    assert digests[0] != digests[1]
    assert digests[0] == digests[2]
    first, second = (
        search.predict(RIDGE, rows, FEATURES, tmp_path, digest)
        for rows, digest in zip((table, other), digests[:2], strict=True)
    )
    assert first.tobytes() != second.tobytes()


def test_a_search_says_what_it_read_at_which_prices_and_on_which_months(features: pd.DataFrame, tmp_path: Path) -> None:
    results, _ = run(features, tmp_path)
    assert results.economics == PRICES
    assert results.spans == Spans(choose_from="2009-04", confirm_from="2009-05"), "the two months that are decided"
    assert set(results.reads) >= {"job", "age"}
    assert results.contract_version == CONTRACT.version
    assert results.chosen_by.startswith("F1 pooled from 2009-04")
    assert list(results.notes["told_apart"]) == ["2009-04 to 2009-04, by log loss"]  # type: ignore[arg-type]


def test_another_campaigns_years_and_other_months_are_searched_as_well(features: pd.DataFrame, tmp_path: Path) -> None:
    later = features.assign(contact_date=[day.replace(year=day.year + 14) for day in features["contact_date"]])
    results, _ = run(later, tmp_path, trials=1, spans=Spans(choose_from="2023-04", confirm_from="2023-05"))
    assert results.spans is not None
    assert (results.spans.choose_from, set(results.winner.scores)) == (
        "2023-04",
        {"A", "B", "selection", "confirmation"},
    )


@pytest.mark.parametrize(
    ("days", "change", "told"),
    [
        (50, {}, "has 0 months that the protocol decides"),
        (70, {}, "has 1 months that the protocol decides"),
        (120, {"y": 0}, "ended the same way"),
        (0, {}, "there is no contact in the table"),
    ],
)
def test_a_campaign_that_is_too_short_or_has_one_outcome_is_refused_in_a_sentence(
    days: int, change: dict[str, int], told: str, tmp_path: Path
) -> None:
    table = features_table(days=120, rows_a_day=40).assign(**change)
    with pytest.raises(NotEnoughHistory, match=told):
        run(table.head(days * 40), tmp_path)


def test_months_of_one_outcome_choose_nothing(features: pd.DataFrame, tmp_path: Path) -> None:
    quiet = features.assign(y=features["y"].where(features["contact_date"] < date(2009, 4, 1), 0))
    with pytest.raises(NotEnoughHistory, match=r"the months for confirmation \(2009-04 to 2009-05\) all ended the same way"):
        run(quiet, tmp_path, spans=Spans(choose_from="2009-03", confirm_from="2009-04"))


def outcome(name: str, choice: ModelSpec, a: float = 0.4, **figures: float) -> Outcome:
    return Outcome(
        Experiment("", name, choice),
        {"B": Scores(figures={"f1": 0.5, "pr_auc": 0.5, "brier": 0.15} | figures), "A": Scores(figures={"f1": a})},
    )


def test_the_best_f1_wins_among_sound_models() -> None:
    c = [RIDGE.model_copy(update={"seed": i}) for i in range(6)]
    found = finalists(
        [
            outcome("good", c[0]),
            outcome("best", c[1], f1=0.55),
            outcome("lucky threshold", c[2], f1=0.6, pr_auc=0.4),
            outcome("useless probabilities", c[3], f1=0.6, brier=0.3),
            outcome("published later", c[4].model_copy(update={"feature_set": "raw_macro"}), f1=0.6),
            outcome("not in the features table", c[5].model_copy(update={"extra_columns": ("segment_job",)}), f1=0.6),
            outcome("best, found again", c[1], f1=0.55),
            outcome("trees", TREES, f1=0.4, pr_auc=0.4),
        ],
        FEATURES,
    )
    assert [one.experiment.name for one in found] == ["best", "good", "trees"]


def test_equal_f1_scores_are_told_apart_by_the_crisis() -> None:
    c = [RIDGE.model_copy(update={"seed": i}) for i in range(3)]
    outcomes = [
        outcome("calls at a loss", c[0], a=0.3, f1=0.551),
        outcome("good in both", c[1], a=0.5, f1=0.55),
        outcome("good in the crisis only", c[2], a=0.6, f1=0.54),
    ]
    assert [one.experiment.name for one in finalists(outcomes, FEATURES)] == [
        "good in both", "calls at a loss", "good in the crisis only"
    ]  # fmt: skip


def test_the_grid_holds_every_algorithm_feature_set_policy_and_sampler_once() -> None:
    from typing import get_args

    from bank_marketing.modeling.choice import Sampler, ThresholdPolicy

    found = list(experiments(FEATURES))
    assert len({one.name for one in found}) == len(found)
    assert {one.choice.algorithm for one in found} == set(get_args(Algorithm))
    assert {one.choice.feature_set for one in found if one.choice.algorithm == "logistic_regression"} == set(FEATURES.sets)
    assert {one.choice.threshold for one in found} == set(get_args(ThresholdPolicy))
    assert {one.choice.extra_columns for one in found} == {(), *(tuple(block) for block in FEATURES.experimental.values())}
    assert {one.choice.sampler for one in found} == set(get_args(Sampler))


def test_a_campaign_tries_the_columns_that_it_can_make() -> None:
    sibling = load_campaign("bank_full").features
    extra = {one.name for one in experiments(sibling) if one.choice.extra_columns}
    assert extra == {"ridge and segment rates", "ridge and half-lives", "ridge and list mix"}, "it has no macro figures"


def test_algorithms_that_do_not_compete_are_neither_tried_nor_tuned() -> None:
    ridge_only = [one for one in experiments(FEATURES) if one.choice.algorithm == "logistic_regression"]
    assert 0 < len(ridge_only) < len(list(experiments(FEATURES)))
    assert grid_of(FEATURES, ("logistic_regression",)) == ridge_only
    assert steps(FEATURES, 4, ("logistic_regression",)) == len(ridge_only) + 4 + VARIANTS
    assert {one.group for one in grid_of(FEATURES, ("lightgbm",), ["sampler", "window"])} == {"sampler"}


def test_without_trials_nothing_is_tuned(features: pd.DataFrame, tmp_path: Path) -> None:
    results, table = run_experiments(
        features, FEATURES, tmp_path, contract=CONTRACT, economics=PRICES, trials=0, algorithms=TUNED, grid=GRID, resamples=10
    )
    assert len(table) == len(GRID) == steps(FEATURES, 0, TUNED, GRID) == results.notes["experiments"]
    assert results.notes["trials"] == {}


def test_an_algorithm_that_there_is_not_is_refused_before_anything_is_done() -> None:
    refused = CliRunner().invoke(app, ["experiments", "--algorithm", "lightgbm", "--algorithm", "svm"])
    assert isinstance(refused.exception, ConfigError) or refused.exit_code != 0
    assert (
        "--algorithm svm is not known: choose of logistic_regression, random_forest" in f"{refused.output}{refused.exception}"
    )
