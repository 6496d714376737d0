"""Figures of a random split, for comparison with the literature only: neighbours in time of every test row are in training there.

Most published results on these data are of this kind. A lookup of the calendar month alone, without a model, ranks nearly as well as
they do: what such a figure measures is mostly whether a model knows the month.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from bank_marketing.campaign.features import FeatureSpec
from bank_marketing.economics import Economics
from bank_marketing.modeling.choice import ModelSpec
from bank_marketing.modeling.metrics import Floats, Labels, Metrics, evaluate
from bank_marketing.modeling.model import fit_estimator, raw_scores
from bank_marketing.modeling.threshold import best_f1_threshold

LABEL = "random split, for comparison with the literature only"
MONTH_LOOKUP = "calendar month alone, no model"
TEST_SHARE = 0.2


def random_split_figures(
    table: pd.DataFrame, choices: dict[str, ModelSpec], seed: int = 7, *, spec: FeatureSpec, economics: Economics
) -> dict[str, Metrics]:
    """Metrics on a random fifth of the rows, by name; each threshold is the best for F1 on the training rows.

    Args:
        table: from `protocol.in_time_order`.
        choices: models to fit on the other four fifths.
        seed: of the split.
        spec: the campaign's features.
        economics: prices the decisions.
    """
    test = np.random.default_rng(seed).random(len(table)) < TEST_SHARE
    known, unseen = table[~test], table[test]
    y_known, y = known["y"].to_numpy(int), unseen["y"].to_numpy(int)
    rates = known.groupby("month")["y"].mean()
    found = {MONTH_LOOKUP: _evaluated(y_known, _rate(known, rates), y, _rate(unseen, rates), economics)}
    for name, choice in choices.items():
        encoder, estimator = fit_estimator(choice, known, spec)
        p_known, p = (raw_scores(estimator, encoder.transform(part)) for part in (known, unseen))
        found[name] = _evaluated(y_known, p_known, y, p, economics)
    return found


def _rate(rows: pd.DataFrame, rates: pd.Series[float]) -> Floats:
    return np.asarray(rows["month"].map(rates).fillna(rates.mean()), dtype=np.float64)


def _evaluated(y_known: Labels, p_known: Floats, y: Labels, p: Floats, economics: Economics) -> Metrics:
    return evaluate(y, p, best_f1_threshold(y_known, p_known), economics)
