"""The shipped model: deterministic, the same bits alone and in a batch, stored without pickle, sampled in training only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io

from bank_marketing.errors import ConfigError, ModelIncompatible
from bank_marketing.modeling import model as modeling
from bank_marketing.modeling import persistence
from bank_marketing.modeling.choice import ModelSpec, Sampler, Window
from bank_marketing.modeling.encoding import FeatureEncoder
from bank_marketing.modeling.model import TermDepositModel, fit_estimator, train
from tests.support.campaign import FEATURES
from tests.support.features import PRICES

RIDGE = ModelSpec(algorithm="logistic_regression", hyper_parameters={"C": 0.05})


def test_a_row_has_the_same_bits_alone_and_in_a_batch(model: TermDepositModel, table: pd.DataFrame) -> None:
    rows = table.tail(64)
    together = model.predict_proba(rows)
    alone = np.concatenate([model.predict_proba(rows.iloc[[i]]) for i in range(len(rows))])
    assert alone.tobytes() == together.tobytes()
    assert model.predict_proba(rows.iloc[::-1])[::-1].tobytes() == together.tobytes()


def test_the_same_inputs_give_the_same_bytes_on_disk(model: TermDepositModel, table: pd.DataFrame, tmp_path: Path) -> None:
    again = train(
        model.choice,
        table[table["split"] == "train"],
        table[table["split"] == "validation"],
        spec=FEATURES,
        economics=model.economics,
    )[0]
    for name, one in (("once", model), ("again", again)):
        (tmp_path / name).mkdir()
        one.save(tmp_path / name)
    for name in (persistence.MODEL_FILE, modeling.METADATA):
        assert (tmp_path / "once" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_a_stored_model_predicts_the_same_bits(model: TermDepositModel, table: pd.DataFrame, tmp_path: Path) -> None:
    model.save(tmp_path)
    read = TermDepositModel.load(tmp_path)
    assert read.predict_proba(table).tobytes() == model.predict_proba(table).tobytes()
    assert (read.choice, read.threshold, read.economics) == (model.choice, model.threshold, PRICES)
    assert read.trained_through == model.trained_through


class Stranger:
    """A type that no model of this platform holds."""


def test_a_file_with_types_that_are_not_trusted_is_refused(tmp_path: Path) -> None:
    path = tmp_path / persistence.MODEL_FILE
    skops.io.dump({"estimator": Stranger()}, path)
    with pytest.raises(ModelIncompatible, match="Stranger"):
        persistence.load(path)


@pytest.mark.parametrize("content", [b"", b"no zip file"])
def test_a_file_that_is_no_model_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / persistence.MODEL_FILE).write_bytes(content)
    with pytest.raises(ModelIncompatible):
        persistence.load(tmp_path / persistence.MODEL_FILE)
    with pytest.raises(ModelIncompatible, match="no model of this platform"):
        TermDepositModel.load(tmp_path)


@pytest.mark.parametrize("sampler", ["smote", "tomek", "smote_tomek"])
def test_samplers_see_training_rows_only(sampler: Sampler, table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[pd.DataFrame] = []
    real = modeling.resample

    def watched(choice: ModelSpec, X: pd.DataFrame, y: Any) -> Any:
        seen.append(X)
        return real(choice, X, y)

    monkeypatch.setattr(modeling, "resample", watched)
    parts = {name: table[table["split"] == name] for name in ("train", "validation", "holdout")}
    choice = RIDGE.model_copy(update={"sampler": sampler})
    trained, probabilities = train(choice, parts["train"], parts["validation"], spec=FEATURES, economics=PRICES)
    assert len(probabilities) == len(parts["validation"]), "validation rows are neither made up nor removed"
    assert [len(X) for X in seen[:-1]] == sorted(len(X) for X in seen[:-1])
    assert len(seen[0]) == len(parts["train"]), "the first block of validation days is predicted from the training rows alone"
    assert len(seen[-1]) == len(parts["train"]) + len(parts["validation"])
    assert len(trained.predict_proba(parts["holdout"])) == len(parts["holdout"])


@pytest.mark.parametrize("sampler", ["smote", "tomek"])
def test_samplers_change_the_training_rows_and_the_encoding_is_learned_before(sampler: Sampler, table: pd.DataFrame) -> None:
    plain, _ = fit_estimator(RIDGE, table, FEATURES)
    sampled, estimator = fit_estimator(RIDGE.model_copy(update={"sampler": sampler}), table, FEATURES)
    assert sampled.mean_.tobytes() == plain.mean_.tobytes()
    assert not np.array_equal(estimator.coef_, fit_estimator(RIDGE, table, FEATURES)[1].coef_)


@pytest.mark.parametrize("algorithm", ["logistic_regression", "random_forest", "xgboost", "lightgbm"])
def test_class_weights_raise_the_probabilities_of_every_algorithm(algorithm: Any, table: pd.DataFrame) -> None:
    plain = ModelSpec(algorithm=algorithm, hyper_parameters={} if algorithm == "logistic_regression" else {"n_estimators": 20})
    weighted = plain.model_copy(update={"sampler": "class_weight"})
    means = []
    for choice in (plain, weighted):
        encoder, estimator = fit_estimator(choice, table, FEATURES)
        means.append(modeling.raw_scores(estimator, encoder.transform(table)).mean())
    assert means[0] == pytest.approx(table["y"].mean(), abs=0.03)
    assert means[1] > means[0] + 0.05


def test_a_window_leaves_out_old_rows_and_recency_weighs_them_less(table: pd.DataFrame) -> None:
    old = table.assign(y=np.where(np.arange(len(table)) < 600, 1, table["y"]))
    rates = {}
    for name, window in {"all": Window(), "last": Window(last_rows=600), "recent": Window(half_life_days=5)}.items():
        encoder, estimator = fit_estimator(RIDGE.model_copy(update={"window": window}), old, FEATURES)
        rates[name] = modeling.raw_scores(estimator, encoder.transform(old.tail(600))).mean()
    assert rates["last"] < rates["all"]
    assert rates["recent"] < rates["all"]


def test_no_feature_set_reads_what_the_call_brought(table: pd.DataFrame) -> None:
    encoder = FeatureEncoder(FEATURES.text, "trailing_extended").fit(table)
    altered = table.assign(**dict.fromkeys(FEATURES.forbidden, 10000))
    assert encoder.transform(altered).to_numpy().tobytes() == encoder.transform(table).to_numpy().tobytes()
    assert not set(FEATURES.forbidden) & set(encoder.get_feature_names_out())


def test_an_unseen_category_is_all_zeros_and_a_missing_column_is_named(table: pd.DataFrame) -> None:
    encoder = FeatureEncoder(FEATURES.text, "trailing_market").fit(table)
    jobs = [name for name in encoder.get_feature_names_out() if name.startswith("job=")]
    assert (encoder.transform(table.assign(job="astronaut"))[jobs] == 0).all(axis=None)
    with pytest.raises(ModelIncompatible, match="contacts_5d"):
        encoder.transform(table.drop(columns="contacts_5d"))


def test_a_constant_column_does_not_explode_when_it_moves(table: pd.DataFrame) -> None:
    encoder = FeatureEncoder(FEATURES.text, "trailing_market").fit(table.assign(list_size=30, euribor3m=0.1 + 0.2))
    moved = encoder.transform(table.assign(list_size=31, euribor3m=0.35))
    assert moved[["list_size", "euribor3m"]].abs().to_numpy().max() < 10


def test_a_feature_set_that_the_campaign_does_not_declare_is_refused_with_those_that_it_does(table: pd.DataFrame) -> None:
    with pytest.raises(
        ConfigError, match=r"feature set 'everything', and the campaign's features\.yaml has only raw, raw_macro, "
    ):
        fit_estimator(RIDGE.model_copy(update={"feature_set": "everything"}), table, FEATURES)


def test_a_model_that_does_not_carry_its_features_is_refused(model: TermDepositModel, table: pd.DataFrame) -> None:
    encoder = FeatureEncoder("", "trailing_market")
    with pytest.raises(ModelIncompatible, match="train again"):
        encoder.transform(table)
