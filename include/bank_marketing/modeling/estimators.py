"""The algorithms and samplers a choice may name. Samplers act inside `fit`, on training rows only."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bank_marketing.modeling.choice import ModelSpec

#: One thread: the sums of several threads may differ in the last bit, and the same inputs must give the same model.
_THREADS = 1


def make_estimator(choice: ModelSpec) -> Any:
    """A fresh, seeded classifier with `fit(X, y, sample_weight)` and `predict_proba(X)`."""
    balanced = "balanced" if choice.sampler == "class_weight" else None
    given = dict(choice.hyper_parameters)
    if choice.algorithm == "logistic_regression":
        from sklearn.linear_model import LogisticRegression

        # Newton's method finds the optimum to the last digits in a few steps; where lbfgs stops depends on the last bits of its sums.
        ridge = {"solver": "newton-cholesky", "max_iter": 200}
        return LogisticRegression(**ridge | {"class_weight": balanced, "random_state": choice.seed} | given)
    if choice.algorithm == "random_forest":
        from sklearn.ensemble import RandomForestClassifier

        forest = {"n_estimators": 200, "min_samples_leaf": 20, "class_weight": balanced, "n_jobs": _THREADS}
        return RandomForestClassifier(**forest | {"random_state": choice.seed} | given)
    if choice.algorithm == "xgboost":
        from xgboost import XGBClassifier

        return XGBClassifier(**{"n_jobs": _THREADS} | xgboost_parameters(choice))
    from lightgbm import LGBMClassifier

    leaves = {"n_estimators": 200, "num_leaves": 15, "learning_rate": 0.05, "n_jobs": _THREADS, "verbose": -1}
    exact = {"deterministic": True, "force_row_wise": True, "class_weight": balanced, "random_state": choice.seed}
    return LGBMClassifier(**leaves | exact | given)


def xgboost_parameters(choice: ModelSpec) -> dict[str, Any]:
    """What XGBoost is told, wherever it runs."""
    trees: dict[str, Any] = {"n_estimators": 200, "max_depth": 4, "learning_rate": 0.05, "random_state": choice.seed}
    return trees | choice.hyper_parameters


def resample(choice: ModelSpec, X: pd.DataFrame, y: NDArray[np.int64]) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Resample training rows as the choice says; `none` and `class_weight` return them as they are."""
    if choice.sampler in ("none", "class_weight"):
        return X, y
    from imblearn.combine import SMOTETomek
    from imblearn.over_sampling import SMOTE
    from imblearn.under_sampling import TomekLinks

    samplers: dict[str, Any] = {
        "smote": lambda: SMOTE(random_state=choice.seed),
        "tomek": TomekLinks,
        "smote_tomek": lambda: SMOTETomek(random_state=choice.seed),
    }
    X_new, y_new = samplers[choice.sampler]().fit_resample(X, y)
    return X_new, y_new
