"""Training on a standalone cluster of two workers: the same model as in one process, from rows that never leave the cluster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from pyspark.sql import SparkSession

from bank_marketing.components import evaluate_model, train_model
from bank_marketing.components.context import RunContext
from bank_marketing.economics import Economics
from bank_marketing.modeling.choice import ModelSpec, Window
from bank_marketing.modeling.encoding import FeatureEncoder
from bank_marketing.modeling.explanations import reasons
from bank_marketing.modeling.model import TermDepositModel, fit_estimator, raw_scores, train
from bank_marketing.modeling.spark_rows import SparkRows
from bank_marketing.modeling.training_rows import LocalRows
from bank_marketing.settings import PROJECT_DIR
from tests.support.campaign import CAMPAIGN, FEATURES
from tests.support.features import PRICES, features_table, publish_features
from tests.support.spark_cluster import spark_cluster

pytestmark = pytest.mark.timeout(900)

DAY = date(2009, 5, 5)

MakeContext = Callable[..., RunContext]


def boosted(**changes: Any) -> ModelSpec:
    """XGBoost with all that weights rows, so that the weights are compared too."""
    return ModelSpec(
        algorithm="xgboost",
        hyper_parameters={"n_estimators": 30, "max_depth": 3},
        sampler="class_weight",
        window=Window(half_life_days=60),
        calibration="platt",
        **changes,
    )


def results_file(folder: Path, choice: ModelSpec) -> Path:
    """The project's results.json with another choice."""
    results = json.loads(CAMPAIGN.results_file.read_text(encoding="utf-8"))
    results["winner"]["choice"] = choice.model_dump(mode="json")
    path = folder / "chosen.json"
    path.write_text(json.dumps(results), encoding="utf-8")
    return path


def test_two_workers_grow_the_trees_that_one_process_grows(make_context: MakeContext, tmp_path: Path) -> None:
    context = make_context(DAY, results_file=results_file(tmp_path, boosted(spark_workers=2)))
    features = publish_features(features_table(days=10, rows_a_day=300), context)  # two days to validate on: three fits
    with spark_cluster(workers=2) as cluster:
        command = [
            str(Path(sys.executable).with_name("spark-submit")), "--master", cluster.url, "spark_jobs/train_model.py",
            "--dag-id", context.dag_id, "--run-id", context.run_id, "--as-of", str(DAY),
            "--refs", json.dumps({"transform_data": features.model_dump()}),
        ]  # fmt: skip
        platform = {"BANK_HOME": str(tmp_path), "BANK_RESULTS_FILE": str(context.campaign.results_file)}
        done = subprocess.run(
            command, cwd=PROJECT_DIR, env=os.environ | cluster.variables | platform, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        assert list(cluster.applications()) == [f"bank-marketing train_model {DAY}"]
        assert all("rank" in cluster.log(number) for number in range(2)), "both took part in XGBoost's ring"

    made = train_model.load(context.store.manifest(context.component_uri("train_model")).ref, context)
    model = train_model.load_model(made.ref, context)
    table = train_model.load_features(features, context)
    holdout = table[table["split"] == "holdout"]
    here, _ = train(
        boosted(), *(table[table["split"] == name] for name in ("train", "validation")), spec=FEATURES, economics=PRICES
    )
    assert model.predict_proba(holdout) == pytest.approx(here.predict_proba(holdout), abs=0.01)
    assert model.threshold == pytest.approx(here.threshold, abs=0.02)
    assert (model.trained_through, made.choice.spark_workers) == (here.trained_through, 2)
    assert here.predict_proba(holdout).std() > 0.03, "a model that says something"

    judged = evaluate_model.run(
        evaluate_model.EvaluationConfig(resamples=50),
        evaluate_model.EvaluationInputs(model=made.ref, features=features),
        context,
    )
    assert judged.result["candidate"]["rows"] == len(holdout)
    assert any(reasons(model, holdout.head(5)))


def test_sums_of_parts_fit_the_encoder_that_all_rows_fit() -> None:
    table = features_table()
    parts = [FeatureEncoder(FEATURES.text, "trailing_market").moments(part) for part in np.array_split(table, 7)]
    merged = parts[0]
    for part in parts[1:]:
        merged = merged.merged(part)
    whole, of_parts = (
        FeatureEncoder(FEATURES.text, "trailing_market").fit(table),
        FeatureEncoder(FEATURES.text, "trailing_market").fit_moments(merged),
    )
    for name in ("mean_", "spread_", "share_"):
        assert getattr(of_parts, name) == pytest.approx(getattr(whole, name), rel=1e-9)
    assert of_parts.get_feature_names_out() == whole.get_feature_names_out()


@pytest.fixture(scope="module")
def both(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> tuple[LocalRows, SparkRows]:
    """The same features in this process and in Spark, days of different sizes."""
    table = features_table()
    table = table[np.arange(len(table)) % 37 > table["contact_date"].map(lambda day: day.day)].reset_index(drop=True)
    folder = tmp_path_factory.mktemp("features")
    table.to_parquet(folder / "part-0.parquet", index=False)
    table["contact_date"] = table["contact_date"].astype(str)
    return LocalRows(table, FEATURES), SparkRows(spark.read.parquet(str(folder)), workers=2, spec=FEATURES)


def test_what_comes_to_the_driver_is_what_one_process_has(both: tuple[LocalRows, SparkRows]) -> None:
    here, there = both
    assert there.counts == here.counts
    assert len(there.validation) == here.counts["validation"][0]
    assert there.validation["contact_id"].tolist() == here.validation["contact_id"].tolist()
    pd.testing.assert_frame_equal(there.head(5), here.head(5).reset_index(drop=True), check_dtype=False)


@pytest.mark.parametrize("half_life", [None, 20.0])
@pytest.mark.parametrize("limit", [50, 1_000_000])
def test_the_reference_is_of_the_same_rows(both: tuple[LocalRows, SparkRows], half_life: float | None, limit: int) -> None:
    here, there = both
    choice = ModelSpec(algorithm="logistic_regression", window=Window(half_life_days=half_life))
    encoder, estimator = fit_estimator(choice, here.validation, FEATURES)
    model = TermDepositModel(choice, encoder, estimator, None, 0.5, Economics(8, 40), "")
    expected, found = here.reference(model, limit), there.reference(model, limit)
    assert found["contact_id"].tolist() == expected["contact_id"].tolist()
    assert found["probability"].tolist() == expected["probability"].tolist() == raw_scores(
        estimator, encoder.transform(expected)
    ).tolist()  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"algorithm": "lightgbm"}, "only xgboost"),
        ({"algorithm": "xgboost", "sampler": "smote"}, "all rows in one place"),
        ({"algorithm": "xgboost", "window": {"last_rows": 1000}}, "fits into one process"),
    ],
)
def test_what_cannot_be_spread_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        ModelSpec.model_validate({"spark_workers": 2, **changes})


def test_a_choice_of_one_process_is_written_as_it_always_was() -> None:
    assert "spark_workers" not in boosted().model_dump(mode="json")
    assert ModelSpec.model_validate(boosted(spark_workers=3).model_dump(mode="json")).spark_workers == 3
