"""A record against what it was scored with: every field, one after the other."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import pytest

from bank_marketing.artifacts import ArtifactRef, Manifest
from bank_marketing.artifacts.manifest import FileEntry
from bank_marketing.economics import Economics
from bank_marketing.lineage.comparisons import model_problem, record_problem, scores_problem, training_problem
from bank_marketing.modeling.choice import ModelSpec
from bank_marketing.modeling.model import TermDepositModel, train
from bank_marketing.registry.registry import ModelVersion
from bank_marketing.scoring.predictions import PredictionRecord
from tests.support.campaign import FEATURES
from tests.support.features import features_table

DAY = date(2010, 7, 1)
PRICES = Economics(20, 40)
NOW = datetime(2010, 6, 30, 20, tzinfo=UTC)

RECORD = PredictionRecord(
    prediction_id="2010-07-01-abc-0", at=NOW, source="batch", contact_id="C1", model_version=3, model_digest="m" * 64,
    input_digest="i" * 64, features_digest="f" * 64, probability=0.61, threshold=0.5, call_cost=20, deposit_margin=40, decision=True,
    day=DAY, who="tester", scores_uri="file:///scores",
)  # fmt: skip
ROW = {"probability": 0.61, "decision": True, "input_digest": "i" * 64}


def manifest(kind: str, **details: Any) -> Manifest:
    return Manifest(kind=kind, uri=f"file:///{kind}", created_at=NOW, details=details)


SCORES = manifest("scores", day="2010-07-01", call_cost=20.0, deposit_margin=40.0)
INPUTS = {
    "selected_model": manifest("selected_model", model_digest="m" * 64, threshold=0.5, trained_through="2010-06-30"),
    "prospects": manifest("prospects", state={"features_digest": "f" * 64}),
}


def test_a_record_that_says_what_was_scored_has_no_problem() -> None:
    others = [ROW | {"probability": 0.2}, ROW, ROW | {"input_digest": "x"}]
    assert scores_problem(RECORD, others, SCORES, INPUTS) == ""
    assert record_problem(RECORD) == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [("probability", 0.62), ("decision", False), ("input_digest", "j" * 64), ("model_digest", "n" * 64), ("threshold", 0.28),
     ("features_digest", "g" * 64), ("call_cost", 8.0), ("deposit_margin", 41.0), ("day", date(2010, 7, 2)), ("hindsight", True)],
)  # fmt: skip
def test_each_other_value_is_a_problem(name: str, value: Any) -> None:
    assert scores_problem(RECORD.model_copy(update={name: value}), [ROW], SCORES, INPUTS)


def test_probability_and_input_of_two_rows_make_no_third() -> None:
    rows = [ROW | {"probability": 0.2}, ROW | {"input_digest": "j" * 64}]
    assert "the scores of that run do not" in scores_problem(RECORD, rows, SCORES, INPUTS)
    assert "the scores of that run do not" in scores_problem(RECORD, [], SCORES, INPUTS)


def test_a_model_that_knows_the_day_itself_makes_no_forecast() -> None:
    knowing = INPUTS | {"selected_model": INPUTS["selected_model"].model_copy(deep=True)}
    knowing["selected_model"].details["trained_through"] = "2010-07-01"
    assert "hindsight False" in scores_problem(RECORD, [ROW], SCORES, knowing)
    assert scores_problem(RECORD.model_copy(update={"hindsight": True}), [ROW], SCORES, knowing) == ""


@pytest.mark.parametrize("name", sorted(set(PredictionRecord.model_fields) - {"record_digest"}))
def test_a_sealed_record_cannot_change_in_any_field(name: str) -> None:
    sealed = RECORD.model_copy(update={"contract": "c", "code_version": "v"}).sealed()
    assert record_problem(sealed) == ""
    assert record_problem(PredictionRecord.model_validate_json(sealed.model_dump_json())) == "", "as it is read from the store"
    old = getattr(sealed, name)
    changes = {bool: lambda: not old, int: lambda: old + 1, float: lambda: old + 0.001, str: lambda: f"{old}x"}
    other = changes.get(type(old), lambda: old.replace(year=2011))()
    assert "the record was altered" in record_problem(sealed.model_copy(update={name: other}))


@pytest.mark.parametrize(("probability", "decision"), [(0.5, False), (0.4999, True), (0.61, False)])
def test_a_decision_against_its_own_threshold_is_a_contradiction(probability: float, decision: bool) -> None:
    record = RECORD.model_copy(update={"probability": probability, "decision": decision})
    assert "contradicts itself" in record_problem(record)


@pytest.fixture(scope="module")
def model() -> TermDepositModel:
    table: pd.DataFrame = features_table(days=40)
    parts = (table[table["split"] == name] for name in ("train", "validation"))
    choice = ModelSpec(algorithm="logistic_regression", threshold="half_best_f1_that_pays")
    return train(choice, *parts, spec=FEATURES, economics=Economics(8, 40))[0]


def version_of(model: TermDepositModel) -> ModelVersion:
    tags = {"model_digest": "m" * 64, "threshold": f"{model.threshold:g}", "trained_through": model.trained_through}
    return ModelVersion(3, "run", "models:/m-1", "production", NOW, tags | {"call_cost": "8", "deposit_margin": "40"})


def test_the_threshold_of_a_record_is_the_models_at_the_records_prices(model: TermDepositModel) -> None:
    version = version_of(model)
    assert model.threshold < 0.5
    assert model_problem(RECORD, version, model) == "", "20 and 40: from .5 on"
    told = model_problem(RECORD.model_copy(update={"threshold": model.threshold}), version, model)
    assert "the registered model's is 0.5 at the record's prices" in told
    of_an_earlier_release = RECORD.model_copy(update={"call_cost": None, "deposit_margin": None, "threshold": 0.9})
    assert model_problem(of_an_earlier_release, version, model) == ""


def test_another_model_and_another_tag_are_problems(model: TermDepositModel) -> None:
    version = version_of(model)
    assert "the prediction was made by nnnnnnnnnnnn" in model_problem(
        RECORD.model_copy(update={"model_digest": "n" * 64}), version, model
    )
    for name in ("threshold", "trained_through", "call_cost", "deposit_margin"):
        other = ModelVersion(3, "run", "models:/m-1", "production", NOW, version.tags | {name: "0.9"})
        assert f"the registry says {name} 0.9, the model itself" in model_problem(RECORD, other, model)


def test_every_problem_is_one_sentence_with_both_values(model: TermDepositModel) -> None:
    sealed = RECORD.sealed().model_copy(update={"who": "another"})
    assert record_problem(sealed) == "the record was altered: its digest is not that of its content"
    wrong = RECORD.model_copy(update={"decision": False})
    assert record_problem(wrong) == "the record contradicts itself: probability 0.61, threshold 0.5, and the other decision"
    assert scores_problem(RECORD, [], SCORES, INPUTS) == (
        "the record says probability 0.61 and input iiiiiiiiiiii, the scores of that run do not"
    )
    other = RECORD.model_copy(update={"features_digest": "g" * 64})
    assert scores_problem(other, [ROW], SCORES, INPUTS) == (
        "the record says features_digest gggggggggggg, the scores of that run were made with ffffffffffff"
    )
    dear = RECORD.model_copy(update={"call_cost": 8.0})
    assert (
        scores_problem(dear, [ROW], SCORES, INPUTS)
        == "the record says call_cost 8.0, the scores of that run were made with 20.0"
    )
    version = version_of(model)
    assert model_problem(RECORD.model_copy(update={"model_digest": "n" * 64}), version, model) == (
        "version 3 is model mmmmmmmmmmmm, the prediction was made by nnnnnnnnnnnn"
    )
    assert model_problem(RECORD.model_copy(update={"threshold": 0.25}), version, model) == (
        "the record says threshold 0.25, the registered model's is 0.5 at the record's prices"
    )
    half_priced = RECORD.model_copy(update={"call_cost": None, "threshold": 0.9})
    assert model_problem(half_priced, version, model) == "", "without a price there is no threshold to compare"


@pytest.mark.parametrize(("gone", "field"), [("selected_model", "threshold"), ("prospects", "features_digest")])
def test_what_cannot_be_read_any_more_is_not_compared(gone: str, field: str) -> None:
    left = {kind: made for kind, made in INPUTS.items() if kind != gone}
    other = RECORD.model_copy(update={field: 0.28 if field == "threshold" else "g" * 64})
    assert scores_problem(other, [ROW], SCORES, INPUTS)
    assert scores_problem(other, [ROW], SCORES, left) == ""


def registered(**tags: str) -> ModelVersion:
    files = {"model/model.json": "a" * 64, "model/model.skops": "b" * 64}
    return ModelVersion(3, "run", "models:/m-1", "production", NOW, {"files": json.dumps(files), **tags})


def training_run(*paths: str, schema: str = "c" * 64) -> Manifest:
    digests = {"model/model.json": "a" * 64, "model/model.skops": "b" * 64, "report.html": "r" * 64}
    files = tuple(FileEntry(path=path, sha256=digests[path], size=1) for path in paths)
    parents = (ArtifactRef(kind="features", uri="file:///features", digest="f" * 64),)
    return Manifest(kind="model", uri="file:///model", created_at=NOW, files=files, parents=parents, schema_digest=schema)


def test_what_was_registered_is_what_its_training_run_made() -> None:
    version = registered(features_digest="f" * 64, contract="c" * 64)
    both = ("model/model.json", "model/model.skops")
    assert training_problem(version, training_run(*both, "report.html")) == ""
    assert training_problem(version, training_run(*both[:1])) == (
        "the files that were registered as version 3 are not those of its training run"
    )
    assert training_problem(version, training_run(*both, schema="d" * 64)) == (
        "the registry says contract cccccccccccc, its training run dddddddddddd"
    )
    unsigned = "a release that kept none"
    assert training_problem(registered(features_digest="f" * 64, contract=unsigned), training_run(*both)) == (
        f"the registry says contract {unsigned}, its training run cccccccccccc"
    ), "digests are shortened, words are not"
    assert training_problem(registered(contract="c" * 64), training_run(*both)) == (
        "the registry says features_digest None, its training run ffffffffffff"
    )
