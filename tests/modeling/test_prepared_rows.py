"""Rows are read once for many fits, and each fit has the bits that its rows alone would give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from bank_marketing.modeling.choice import ModelSpec, Window
from bank_marketing.modeling.encoding import FeatureEncoder
from bank_marketing.modeling.model import fit_estimator, fit_prepared, recency
from bank_marketing.modeling.prepared_rows import PreparedRows
from tests.support.campaign import FEATURES

CHOICES = {
    "plain": ModelSpec(algorithm="logistic_regression", hyper_parameters={"C": 0.05}),
    "fading": ModelSpec(algorithm="logistic_regression", category_weight=2.5, window=Window(half_life_days=20)),
    "the last rows": ModelSpec(algorithm="logistic_regression", window=Window(last_rows=301)),
    "both": ModelSpec(algorithm="logistic_regression", window=Window(last_rows=301, half_life_days=20)),
    "Tomek links": ModelSpec(algorithm="logistic_regression", sampler="tomek"),
    "trees": ModelSpec(algorithm="lightgbm", hyper_parameters={"n_estimators": 5}, window=Window(half_life_days=20)),
}


def bits(fitted: tuple[FeatureEncoder, Any]) -> tuple[bytes, ...]:
    encoder, estimator = fitted
    learned = [encoder.mean_, encoder.spread_, encoder.share_]
    if hasattr(estimator, "coef_"):
        return tuple(part.tobytes() for part in (*learned, estimator.coef_, estimator.intercept_))
    return (*(part.tobytes() for part in learned), estimator.booster_.model_to_string().encode())


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_a_fit_on_the_first_rows_has_the_bits_of_those_rows_alone(choice: ModelSpec, table: pd.DataFrame) -> None:
    prepared = PreparedRows(choice, (table,), FEATURES)
    for count in (len(table) // 2, len(table) // 2 + 1, len(table)):
        assert bits(fit_prepared(prepared, count)) == bits(fit_estimator(choice, table.iloc[:count], FEATURES)), count


def test_rows_in_two_tables_are_those_of_one(table: pd.DataFrame) -> None:
    half = len(table) // 3
    apart = PreparedRows(CHOICES["both"], (table.iloc[:half], table.iloc[half:]), FEATURES)
    for count in (half - 1, half, half + 1, len(table)):
        together = fit_estimator(CHOICES["both"], table.iloc[:count], FEATURES)
        assert bits(fit_prepared(apart, count)) == bits(together), count


@pytest.mark.parametrize("text", ["object", "category"])
def test_what_was_read_is_encoded_as_the_service_encodes_it(table: pd.DataFrame, text: str) -> None:
    table = table.astype(dict.fromkeys(table.select_dtypes("object").columns.difference(["contact_id", "contact_date"]), text))
    encoder = FeatureEncoder.of(CHOICES["fading"], FEATURES).fit(table)
    read = encoder.read(table)
    assert encoder.encode_read(read).tobytes() == encoder.transform(table).to_numpy().tobytes()
    part = table.iloc[7:19]
    assert encoder.encode_read(read.part(7, 19)).tobytes() == encoder.transform(part).to_numpy().tobytes()
    shares = [float((table[name] == value).mean()) for name, value in FEATURES.category_values]
    assert encoder.share_.tolist() == shares


def test_weights_are_those_of_the_rows_own_last_day(table: pd.DataFrame) -> None:
    prepared = PreparedRows(CHOICES["both"], (table,), FEATURES)
    rows = prepared.window(500)
    assert (rows.start, rows.stop) == (199, 500)
    weights = prepared.weights(rows)
    assert weights is not None
    assert weights.max() == 1
    assert np.array_equal(weights, recency(CHOICES["both"], table.iloc[199:500]))
    assert PreparedRows(CHOICES["plain"], (table,), FEATURES).weights(rows) is None
    assert prepared.window(100) == slice(0, 100)
