"""What a model relies on, over many clients: mean size of each feature's effect, and what ranking loses without it, month by month.

Effects are SHAP values in log-odds (`explanations.py`). Permutation importance (Breiman 2001) shuffles a feature's columns together within
a month: how much worse the month's clients are then ranked. A figure of the campaign hardly moves within a month; what it is good for
shows between months only, and is not seen here.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from bank_marketing.campaign.features import FeatureSpec
from bank_marketing.campaign.wording import group_of
from bank_marketing.modeling import protocol
from bank_marketing.modeling.choice import ModelSpec
from bank_marketing.modeling.explanations import effects
from bank_marketing.modeling.model import TermDepositModel, fit_estimator, raw_scores


def mean_effects(model: TermDepositModel, table: pd.DataFrame) -> pd.DataFrame:
    """Effects in log-odds over many rows.

    Returns:
        One row a source feature, strongest first: feature, mean_size, low and high (5 % and 95 % of the effects).
    """
    found, _ = effects(model, table)
    summary = pd.DataFrame(
        {"mean_size": found.abs().mean(), "low": found.quantile(0.05), "high": found.quantile(0.95)}
    ).sort_values("mean_size", ascending=False, kind="stable")
    return summary.rename_axis("feature").reset_index()


def permutation_by_month(
    choice: ModelSpec, table: pd.DataFrame, spec: FeatureSpec, *, since: str, repeats: int = 5, seed: int = 7
) -> pd.DataFrame:
    """ROC AUC within each month that is lost when a feature is shuffled, under the protocol: the model knows earlier months only.

    Args:
        choice: what to fit.
        table: from `protocol.in_time_order`.
        spec: the campaign's features.
        since: first month.
        repeats: shuffles of each feature; their mean is reported.
        seed: of the shuffles.

    Returns:
        One row a month of at least `protocol.MONTH_ROWS` rows and both outcomes, one column a source feature; the strongest first.
    """
    generator = np.random.default_rng(seed)
    lost: dict[str, dict[str, float]] = {}
    for start, end in protocol.blocks(table):
        rows = table.iloc[start:end]
        month = str(rows["month"].iloc[0])
        if month < since or len(rows) < protocol.MONTH_ROWS or rows["y"].nunique() < 2:
            continue
        encoder, estimator = fit_estimator(choice, table.iloc[:start], spec)
        lost[month] = _lost(encoder.transform(rows), rows["y"].to_numpy(int), estimator, spec, repeats, generator)
    found = pd.DataFrame(lost).T.rename_axis("month")
    return found[found.mean().sort_values(ascending=False, kind="stable").index]


def _lost(
    X: pd.DataFrame, y: np.ndarray, estimator: object, spec: FeatureSpec, repeats: int, generator: np.random.Generator
) -> dict[str, float]:
    from sklearn.metrics import roc_auc_score

    whole = roc_auc_score(y, raw_scores(estimator, X))
    sources = pd.Series([group_of(spec, name) for name in X.columns], index=X.columns)
    lost = {}
    for source, names in sources.groupby(sources, sort=False).groups.items():
        without = []
        for _ in range(repeats):
            shuffled = X.copy()
            shuffled[names] = X[names].to_numpy()[generator.permutation(len(X))]
            without.append(roc_auc_score(y, raw_scores(estimator, shuffled)))
        lost[str(source)] = float(whole - np.mean(without))
    return lost
