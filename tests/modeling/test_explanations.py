"""Reasons agree with the model, name what the client has, and say it in plain words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bank_marketing.campaign.wording import describe, group_of
from bank_marketing.modeling.encoding import FeatureEncoder
from bank_marketing.modeling.explanations import SMALLEST_EFFECT, effects, encoded_effects, reasons
from bank_marketing.modeling.model import TermDepositModel, fit_estimator, raw_scores
from tests.support.campaign import CONTRACT, FEATURES


def test_the_mean_and_the_effects_add_up_to_the_models_log_odds(model: TermDepositModel, table: pd.DataFrame) -> None:
    rows = table[table["split"] == "holdout"]
    p = raw_scores(model.estimator, model.encoder.transform(rows))
    by_source, start = effects(model, rows)
    np.testing.assert_allclose(start + by_source.to_numpy().sum(axis=1), np.log(p / (1 - p)), atol=1e-4)


def test_a_linear_models_start_is_the_mean_training_row(table: pd.DataFrame, model: TermDepositModel) -> None:
    if model.choice.algorithm != "logistic_regression":
        pytest.skip("trees start from their own expected value")
    training = table[table["split"] != "holdout"]
    scores, start = encoded_effects(model, training)
    assert start == pytest.approx(float((start + scores.sum(axis=1)).mean()), abs=1e-9)
    np.testing.assert_allclose(scores.mean(), 0, atol=1e-9)


def test_shap_of_lightgbm_agrees_with_its_own_contributions(model: TermDepositModel, table: pd.DataFrame) -> None:
    if model.choice.algorithm != "lightgbm":
        pytest.skip("only LightGBM computes contributions itself in this way")
    rows = table.head(50)
    own = model.estimator.predict(model.encoder.transform(rows), pred_contrib=True)
    scores, start = encoded_effects(model, rows)
    np.testing.assert_allclose(scores.to_numpy(), own[:, :-1], atol=1e-6)
    assert start == pytest.approx(float(own[0, -1]))


def test_reasons_are_the_strongest_effects_strongest_first(model: TermDepositModel, table: pd.DataFrame) -> None:
    rows = table.tail(40)
    by_source, _ = effects(model, rows)
    for found, (_, row) in zip(reasons(model, rows, top=3), by_source.iterrows(), strict=True):
        sizes = [abs(reason.effect) for reason in found]
        assert sizes == sorted(sizes, reverse=True)
        assert all(reason.effect == row[reason.feature] for reason in found)
        expected = [size for size in row.abs().sort_values(ascending=False).head(3) if size >= SMALLEST_EFFECT]
        assert sizes == expected


def test_the_known_signal_is_named_with_its_direction(model: TermDepositModel, table: pd.DataFrame) -> None:
    rows = table[table["split"] == "holdout"]
    retired = rows[(rows["job"] == "retired") & (rows["contact"] == "cellular")]
    found = [{reason.text: reason.effect for reason in one} for one in reasons(model, retired)]
    assert np.mean(["Retired" in one and "Called on a mobile phone" in one for one in found]) > 0.8
    assert all(one["Retired"] > 0 for one in found if "Retired" in one)


def test_a_row_has_the_same_reasons_alone_and_in_a_batch(model: TermDepositModel, table: pd.DataFrame) -> None:
    rows = table.tail(12)
    together = reasons(model, rows)
    assert [reasons(model, rows.iloc[[i]])[0] for i in range(len(rows))] == together


def test_reasons_need_no_outcome_and_may_be_none(model: TermDepositModel, table: pd.DataFrame) -> None:
    assert len(reasons(model, table.drop(columns=["y", "split"]).head(2))) == 2
    assert reasons(model, table.head(0)) == []


@pytest.mark.parametrize("feature_set", FEATURES.sets)
def test_every_encoded_column_has_plain_words(feature_set: str, table: pd.DataFrame, model: TermDepositModel) -> None:
    choice = model.choice.model_copy(update={"feature_set": feature_set})
    encoder, estimator = fit_estimator(choice, table, FEATURES)
    other = replace(model, choice=choice, encoder=encoder, estimator=estimator)
    for reason in reasons(other, table.head(3), top=99)[0]:
        assert reason.text
        assert "=" not in reason.text
        assert "_" not in reason.text


def test_every_category_of_the_contract_has_its_own_words() -> None:
    for column in FEATURES.categories:
        if group_of(FEATURES, column) != column:
            continue
        texts = [describe(FEATURES, column, {column: value})[1] for value in CONTRACT[column].categories]
        assert len(set(texts)) == len(texts)
        assert not any(":" in text for text in texts)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"poutcome": "nonexistent", "previous": 0, "pdays": 999}, "No earlier contact"),
        ({"poutcome": "failure", "previous": 2, "pdays": 999}, "Declined in an earlier campaign"),
        ({"poutcome": "success", "previous": 1, "pdays": 1}, "Subscribed in an earlier campaign, last called 1 day ago"),
    ],
)
def test_earlier_contacts_are_told_as_a_story(changes: dict[str, object], text: str) -> None:
    assert describe(FEATURES, "earlier_contact", changes)[1] == text


def test_the_campaigns_success_is_told_in_percent() -> None:
    row = {"contacts_5d": 50, "conversions_5d": 31, "contacts_20d": 90, "conversions_20d": 40}
    assert describe(FEATURES, "recent_conversion", row) == ("62 %", "The campaign converted 62 % over the last 5 days")
    none = {"contacts_5d": 0, "conversions_5d": 0, "contacts_20d": 0, "conversions_20d": 0}
    assert describe(FEATURES, "recent_conversion", none)[1] == "The campaign has no results yet"


def test_sources_of_the_encoder_are_columns_or_known_groups(table: pd.DataFrame) -> None:
    names = FeatureEncoder(FEATURES.text, "trailing_market").fit(table).get_feature_names_out()
    assert {group_of(FEATURES, name) for name in names} == {
        "age", "campaign", "earlier_contact", "recent_conversion", "recent_volume", "list_size", "euribor3m",
        "job", "marital", "education", "default", "housing", "loan", "contact", "day_of_week",
    }  # fmt: skip
