"""Training: exactly what `results.json` says, on the features of a snapshot; everything about it goes to MLflow."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.components import transform_data
from bank_marketing.components.context import Entity, RunContext
from bank_marketing.economics import Economics
from bank_marketing.errors import NotEnoughHistory
from bank_marketing.modeling.choice import ModelSpec
from bank_marketing.modeling.results import load_results
from bank_marketing.registry.registry import REFERENCE_FILE
from bank_marketing.registry.tracking import answering, connect, experiment_id

if TYPE_CHECKING:
    import pandas as pd

    from bank_marketing.modeling.metrics import Metrics
    from bank_marketing.modeling.model import TermDepositModel
    from bank_marketing.modeling.training_rows import TrainingRows

COMPONENT = "train_model"
KIND = "model"

#: What an MLflow server needs to serve the model; without it MLflow guesses by importing everything.
REQUIREMENTS = ("bank-marketing-platform", "mlflow", "scikit-learn", "skops", "pandas", "numpy")

log = logging.getLogger(__name__)


class TrainingConfig(Entity):
    """What to train. Without a choice `results.json` decides, and without that file the default model is trained."""

    choice: ModelSpec | None = None
    reference_rows: int = Field(default=5000, gt=0, description="training rows kept for drift: KS distances good to .02")
    min_positives: int = Field(default=30, gt=0, description="fewer subscribers teach nothing")


class TrainingInputs(Entity):
    """The features to train on."""

    features: ArtifactRef


class ModelArtifact(Entity):
    """A trained model: `model/`, `metrics.json` of the validation days, `reference.parquet`, `importance.csv`, `plots/`."""

    ref: ArtifactRef
    features: ArtifactRef
    choice: ModelSpec
    threshold: float
    trained_through: str
    synthetic: bool
    economics: Economics
    files: dict[str, str] = Field(description="sha256 of each file that the registry keeps and a decision reads")
    mlflow_run_id: str
    mlflow_model_id: str
    metrics: dict[str, float]


def run(config: TrainingConfig, inputs: TrainingInputs, context: RunContext) -> ModelArtifact:
    """Train and publish a model.

    Raises:
        ConfigError: results.json is invalid, or a column that its choice reads is gone or of another type.
        NotEnoughHistory: too few subscribers to learn from.
        SparkJobFailed: the choice is trained on Spark, on more task slots than there are.
        RegistryUnavailable: MLflow does not answer.
    """
    from bank_marketing.modeling import plots
    from bank_marketing.modeling.importance import mean_effects
    from bank_marketing.modeling.metrics import evaluate
    from bank_marketing.modeling.persistence import MODEL_FOLDER

    choice, origin = chosen(config, context)
    log.info("training %s", origin)
    client = connect(context.settings)
    manifest = context.store.manifest(inputs.features)
    rows = training_rows(choice, inputs.features, context)
    _check_enough(rows.counts, config)
    economics = context.campaign.economics
    model, probabilities = rows.train(choice, economics)
    y = rows.validation["y"].to_numpy(int)
    metrics = evaluate(y, probabilities, model.threshold, economics)
    synthetic = bool(manifest.details.get("synthetic"))
    with context.stage() as stage:
        folder = stage.path / MODEL_FOLDER
        folder.mkdir()
        model.save(folder)
        (stage.path / "metrics.json").write_text(metrics.model_dump_json(indent=1) + "\n", encoding="utf-8")
        model.feature_importance().to_csv(stage.path / "importance.csv", index=False)
        rows.reference(model, config.reference_rows).to_parquet(stage.path / REFERENCE_FILE, index=False)
        note = "SYNTHETIC data" if synthetic else ""
        plots.draw(y, probabilities, model.threshold, model.feature_importance(), stage.path / "plots", note)
        plots.draw_effects(mean_effects(model, rows.validation), stage.path / "plots", note)
        with answering(context.settings):
            run_id, model_id = _log(stage.path, model, metrics, inputs.features, rows, context)
        published = context.publish(
            stage,
            COMPONENT,
            KIND,
            parents=[inputs.features],
            rows={name: count for name, (count, _) in rows.counts.items()},
            parameters={
                "choice": choice.model_dump(mode="json"),
                "economics": asdict(economics),
                "features": context.campaign.features.digest,
            },
            details={
                "threshold": model.threshold,
                "trained_through": model.trained_through,
                "synthetic": synthetic,
                "metrics": metrics.model_dump(mode="json"),
            },
            notes={"mlflow_run_id": run_id, "mlflow_model_id": model_id, "origin": origin},
            volatile=lambda path: path.startswith("plots/"),
        )
        with answering(context.settings):
            client.set_tag(run_id, "model_digest", published.content_digest)
    rows.close()
    log.info(
        "trained %s through %s: validation F1 %.3f, ROC AUC %.3f",
        choice.algorithm,
        model.trained_through,
        metrics.f1,
        metrics.roc_auc,
    )
    return load(published.ref, context)


def load(ref: ArtifactRef, context: RunContext) -> ModelArtifact:
    """The artifact behind a reference."""
    manifest = context.store.manifest(ref)
    details: dict[str, Any] = manifest.details
    notes: dict[str, Any] = manifest.notes
    parameters: dict[str, Any] = manifest.parameters
    return ModelArtifact(
        ref=ref,
        features=manifest.parents[0],
        choice=ModelSpec.model_validate(parameters["choice"]),
        economics=Economics(**parameters["economics"]),
        files={entry.path: entry.sha256 for entry in manifest.files if _decides(entry.path)},
        mlflow_run_id=notes["mlflow_run_id"],
        mlflow_model_id=notes["mlflow_model_id"],
        **{name: details[name] for name in ("threshold", "trained_through", "synthetic", "metrics")},
    )


def _decides(path: str) -> bool:
    from bank_marketing.modeling.persistence import MODEL_FOLDER

    return path == REFERENCE_FILE or path.startswith(f"{MODEL_FOLDER}/")


def load_model(ref: ArtifactRef, context: RunContext) -> TermDepositModel:
    """The model itself. Raises ArtifactMissing, ArtifactCorrupt, ModelIncompatible."""
    from bank_marketing.modeling.model import TermDepositModel
    from bank_marketing.modeling.persistence import MODEL_FOLDER

    context.store.verify(ref)
    with context.store.local_copy(f"{ref.uri}/{MODEL_FOLDER}") as folder:
        return TermDepositModel.load(folder)


def load_features(
    ref: ArtifactRef, context: RunContext, splits: Sequence[str] = (), *, since: date | None = None, until: date | None = None
) -> pd.DataFrame:
    """The features table, or these parts or days of it, in time order; `contact_date` as ISO text."""
    context.store.manifest(ref)
    filters: list[tuple[str, str, Any]] = [("split", "in", list(splits))] if splits else []
    filters += [("contact_date", sign, day) for sign, day in ((">=", since), ("<=", until)) if day is not None]
    table: pd.DataFrame = context.store.read_table(f"{ref.uri}/{transform_data.FEATURES}", filters=filters or None).to_pandas()
    table["contact_date"] = table["contact_date"].astype(str)
    return table.sort_values(["contact_date", "contact_id"], ignore_index=True)


def chosen(config: TrainingConfig, context: RunContext) -> tuple[ModelSpec, str]:
    """What is trained, and where that choice comes from. Raises ConfigError as `run` does."""
    if config.choice is not None:
        return config.choice, f"{config.choice.algorithm}: named by the run"
    results = load_results(context.campaign.results_file, context.contract)
    return results.winner.choice, results.origin


def training_rows(choice: ModelSpec, features: ArtifactRef, context: RunContext) -> TrainingRows:
    """The rows to learn from: in this process, or on the Spark cluster where the choice says so."""
    from bank_marketing.modeling.training_rows import LocalRows

    if choice.spark_workers is None:
        return LocalRows(load_features(features, context), context.campaign.features)
    from bank_marketing.etl.reading import literal
    from bank_marketing.etl.session import spark_session
    from bank_marketing.modeling.spark_rows import SparkRows

    spark = spark_session(f"bank-marketing {COMPONENT} {context.as_of}", context.settings)
    context.store.manifest(features)
    table = spark.read.parquet(literal(f"{context.store.spark_uri(features.uri)}/{transform_data.FEATURES}"))
    return SparkRows(table, choice.spark_workers, context.campaign.features)


def _check_enough(counts: dict[str, tuple[int, int]], config: TrainingConfig) -> None:
    for name, (rows, positives) in counts.items():
        if positives < config.min_positives or positives == rows:
            raise NotEnoughHistory(
                f"the {name} days have {positives} subscribers among {rows} contacts; at least {config.min_positives} are needed, "
                "and not everybody. Choose a later as_of."
            )


def _log(
    folder: Path,
    model: TermDepositModel,
    metrics: Metrics,
    features: ArtifactRef,
    rows: TrainingRows,
    context: RunContext,
) -> tuple[str, str]:
    """Log everything to MLflow; returns run id and model id."""
    import mlflow
    from mlflow.models import infer_signature

    from bank_marketing.artifacts.manifest import code_version
    from bank_marketing.modeling import pyfunc
    from bank_marketing.modeling.persistence import MODEL_FOLDER

    client = connect(context.settings)
    first = rows.head(100)
    example = first.drop(columns=["y", "split", "contact_id", "contact_date"]).head(3)
    example = example.astype(dict.fromkeys(example.select_dtypes("number").columns, "float64"))
    with mlflow.start_run(
        experiment_id=experiment_id(client, context.settings), run_name=f"{model.choice.algorithm} as of {context.as_of}"
    ) as run:
        mlflow.set_tags(
            {
                "as_of": str(context.as_of),
                "dag_id": context.dag_id,
                "dag_run_id": context.run_id,
                "features_uri": features.uri,
                "features_digest": features.digest,
                "code_version": code_version(),
            }
        )
        choice = model.choice.model_dump(mode="json")
        given = choice | {"economics": asdict(model.economics)}
        mlflow.log_params({f"{name}.{key}" if isinstance(value, dict) else name: item
                           for name, value in given.items()
                           for key, item in (value.items() if isinstance(value, dict) else [("", value)])})  # fmt: skip
        mlflow.log_metrics({f"validation_{name}": value for name, value in metrics.model_dump().items()})
        for name, part in (("train", first), ("validation", rows.validation.head(100))):
            sample = part.astype(dict.fromkeys(part.select_dtypes("number").columns, "float64"))
            dataset = mlflow.data.from_pandas(sample, source=features.uri, name=f"{name} of {features.digest[:12]}")
            mlflow.log_input(
                dataset, context=name, tags={"rows": str(rows.counts[name][0]), "features_digest": features.digest}
            )
        info = mlflow.pyfunc.log_model(
            name="model",
            python_model=pyfunc.__file__,
            artifacts={MODEL_FOLDER: str(folder / MODEL_FOLDER), REFERENCE_FILE: str(folder / REFERENCE_FILE)},
            signature=infer_signature(example, model.predict_proba(example)),
            input_example=example,
            pip_requirements=list(REQUIREMENTS),
        )
        for name in ("metrics.json", "importance.csv"):
            mlflow.log_artifact(str(folder / name))
        mlflow.log_artifacts(str(folder / "plots"), "plots")
        mlflow.log_text(json.dumps(choice, indent=1), "choice.json")
    return str(run.info.run_id), str(info.model_id)
