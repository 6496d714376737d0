"""What is tried: algorithms, feature sets, more columns, samplers, windows, calibration and thresholds; and what Optuna may turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from bank_marketing.campaign.features import FeatureSpec
from bank_marketing.modeling.choice import Algorithm, ModelSpec, Sampler, ThresholdPolicy, Window

if TYPE_CHECKING:
    import optuna

#: The rule for who is called: close to the best F1 on all months, and no call at a loss.
POLICY: ThresholdPolicy = "half_best_f1_that_pays"


def ridge(feature_set: str) -> ModelSpec:
    """What the grid turns one thing at a time around; strength of the penalty from earlier, unrecorded trials on the same months."""
    return ModelSpec(
        algorithm="logistic_regression",
        hyper_parameters={"C": 0.003},
        feature_set=feature_set,
        category_weight=2.5,
        threshold=POLICY,
    )


#: The search for neighbours (SMOTE, Tomek links) takes minutes on all rows; samplers are compared on these last ones.
SAMPLER_ROWS = 5000


@dataclass(frozen=True)
class Experiment:
    """One model choice, and what it is compared on."""

    group: str
    name: str
    choice: ModelSpec


def experiments(spec: FeatureSpec) -> Iterator[Experiment]:
    """The fixed part of the search, cheapest first; its order is the table's."""
    base = ridge(spec.default_set)
    yield from _algorithms(spec)
    for name, block in spec.experimental.items():
        yield Experiment("more columns", f"ridge and {name}", base.model_copy(update={"extra_columns": tuple(block)}))
    yield from _windows(base)
    for calibration in ("platt", "isotonic"):
        yield Experiment("calibration", f"ridge, {calibration}", base.model_copy(update={"calibration": calibration}))
    for policy in _other_policies():
        yield Experiment("threshold", f"ridge, {policy}", base.model_copy(update={"threshold": policy}))
    for strength in (0.0005, 0.001, 0.002, 0.01, 0.1):
        yield Experiment("penalty", f"ridge, C {strength:g}", base.model_copy(update={"hyper_parameters": {"C": strength}}))
    for weight in (1.0, 2.0, 4.0):
        yield Experiment(
            "categories", f"ridge, category weight {weight:g}", base.model_copy(update={"category_weight": weight})
        )
    yield from _samplers(base)


def _algorithms(spec: FeatureSpec) -> Iterator[Experiment]:
    # Trees see the clients alone, and with the campaign's history; ridge, which is fitted in a second, every set.
    few = dict.fromkeys((next(iter(spec.sets)), spec.default_set))
    for algorithm in get_args(Algorithm):
        for feature_set in spec.sets if algorithm == "logistic_regression" else few:
            choice = ridge(feature_set) if algorithm == "logistic_regression" else _trees(algorithm, feature_set)
            yield Experiment("algorithm and features", f"{_short(algorithm)}, {feature_set}", choice)


def _trees(algorithm: Algorithm, feature_set: str) -> ModelSpec:
    few: dict[str, Any] = {"n_estimators": 60} if algorithm == "random_forest" else {"n_estimators": 100}
    return ModelSpec(algorithm=algorithm, hyper_parameters=few, feature_set=feature_set, threshold=POLICY)


def _other_policies() -> Iterator[ThresholdPolicy]:
    return (policy for policy in get_args(ThresholdPolicy) if policy != POLICY)


def _samplers(base: ModelSpec) -> Iterator[Experiment]:
    tried_with: dict[Algorithm, tuple[Sampler, ...]] = {
        "logistic_regression": get_args(Sampler),
        "lightgbm": ("none", "class_weight", "smote"),
    }
    for algorithm, samplers in tried_with.items():
        for sampler in samplers:
            start = base if algorithm == "logistic_regression" else _trees("lightgbm", base.feature_set)
            choice = start.model_copy(update={"sampler": sampler, "window": Window(last_rows=SAMPLER_ROWS)})
            yield Experiment("sampler", f"{_short(algorithm)}, {sampler}, last {SAMPLER_ROWS:,} rows", choice)


def _windows(base: ModelSpec) -> Iterator[Experiment]:
    for rows in (4000, 16000):
        yield Experiment("window", f"ridge, last {rows:,} rows", base.model_copy(update={"window": Window(last_rows=rows)}))
    for days in (90.0, 365.0):
        choice = base.model_copy(update={"window": Window(half_life_days=days)})
        yield Experiment("window", f"ridge, half-life {days:g} days", choice)


def _short(algorithm: str) -> str:
    return {"logistic_regression": "ridge", "random_forest": "random forest", "xgboost": "XGBoost", "lightgbm": "LightGBM"}[
        algorithm
    ]


def tuned_name(algorithm: Algorithm) -> str:
    """Name of the experiment with the hyper-parameters that Optuna found."""
    return f"{_short(algorithm)}, tuned"


def tuned_variants(algorithm: Algorithm, choice: ModelSpec) -> Iterator[Experiment]:
    """What is judged of a tuned choice: each rule for the threshold, on the same predictions."""
    yield Experiment("tuned", tuned_name(algorithm), choice)
    for policy in _other_policies():
        yield Experiment("tuned", f"{tuned_name(algorithm)}, {policy}", choice.model_copy(update={"threshold": policy}))


def suggest(algorithm: Algorithm, trial: optuna.Trial, feature_set: str) -> ModelSpec:
    """A choice with hyper-parameters from an Optuna trial."""
    if algorithm == "logistic_regression":
        return ridge(feature_set).model_copy(
            update={
                "hyper_parameters": {"C": trial.suggest_float("C", 3e-4, 0.1, log=True)},
                "prior_rows": trial.suggest_float("prior_rows", 1, 50, log=True),
                "category_weight": trial.suggest_float("category_weight", 0.5, 5, log=True),
            }
        )
    if algorithm == "random_forest":
        found: dict[str, Any] = {
            "n_estimators": 60,
            "min_samples_leaf": trial.suggest_int("min_samples_leaf", 10, 300, log=True),
            "max_features": trial.suggest_float("max_features", 0.05, 0.5),
        }
    else:
        leaf = "min_child_samples" if algorithm == "lightgbm" else "min_child_weight"
        found = {
            "n_estimators": trial.suggest_int("n_estimators", 30, 150, log=True),
            "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.2, log=True),
            "max_depth": trial.suggest_int("max_depth", 2, 5),
            leaf: trial.suggest_int(leaf, 20, 300, log=True),
            "reg_lambda": trial.suggest_float("reg_lambda", 1, 100, log=True),
            "colsample_bytree": trial.suggest_float("colsample_bytree", 0.3, 1.0),
        }
    return ModelSpec(algorithm=algorithm, hyper_parameters=found, feature_set=feature_set, threshold=POLICY)
