"""The page that says what holds an answer names every field that an answer depends on."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from bank_marketing.modeling.choice import ModelSpec
from bank_marketing.modeling.model import METADATA, train
from bank_marketing.scoring.predictions import PredictionRecord
from bank_marketing.settings import PROJECT_DIR
from tests.support.campaign import FEATURES
from tests.support.features import PRICES, features_table

PAGE = (PROJECT_DIR / "docs" / "lineage.md").read_text(encoding="utf-8")

#: Fields of a record that say when and where, and change no answer.
NAMES = {
    "prediction_id",
    "at",
    "source",
    "contact_id",
    "model_version",
    "who",
    "scores_uri",
    "probability",
    "decision",
    "day",
    "hindsight",
}


def test_each_field_of_a_models_metadata_and_of_a_prediction_is_on_the_page(tmp_path: Path) -> None:
    table: pd.DataFrame = features_table(days=40)
    parts = (table[table["split"] == name] for name in ("train", "validation"))
    model, _ = train(ModelSpec(algorithm="logistic_regression"), *parts, spec=FEATURES, economics=PRICES)
    model.save(tmp_path)
    fields = set(json.loads((tmp_path / METADATA).read_text(encoding="utf-8"))) | set(PredictionRecord.model_fields) - NAMES
    assert [name for name in sorted(fields) if f"`{name}`" not in PAGE] == []
    files = {path.name for path in tmp_path.iterdir()}
    assert [name for name in sorted(files) if f"`model/{name}`" not in PAGE] == []
