"""Why a client got a probability: each feature's effect in log-odds against the mean training row, and the strongest in plain words.

A linear model's effects are its terms themselves; those of trees are SHAP values (Lundberg et al. 2020, "From local explanations to
global understanding with explainable AI for trees"). They add up to the model's log-odds before calibration.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bank_marketing.campaign.features import FeatureSpec
from bank_marketing.campaign.wording import columns_read, describe, group_of
from bank_marketing.distinct import Places, numbered
from bank_marketing.modeling.metrics import Floats
from bank_marketing.modeling.model import TermDepositModel, raw_scores
from bank_marketing.modeling.numbers import Columns

#: Effects below this say nothing worth reading: a twentieth of log-odds moves a probability of .5 by one point.
SMALLEST_EFFECT = 0.05


class Reason(NamedTuple):
    """One reason of one prediction.

    Attributes:
        feature: the source feature, such as `job` or `recent_conversion`.
        value: what this client has, such as `retired` or `62 %`.
        effect: in log-odds against the mean training row; above zero speaks for a subscription.
        text: the reason in plain words.
    """

    feature: str
    value: str
    effect: float
    text: str


def encoded_effects(model: TermDepositModel, table: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    """Effects of the encoded columns (n, columns) in log-odds, and the log-odds they start from.

    Start plus the effects of a row are the log-odds of its uncalibrated probability.
    """
    found, start = _encoded_effects(model, model.encoder.encode(table, len(table)))
    return pd.DataFrame(found, columns=model.encoder.get_feature_names_out(), index=table.index), start


def effects(model: TermDepositModel, table: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    """As `encoded_effects`, with the encoded columns of each source feature summed: one column a source."""
    found, sources, start = _effects(model, model.encoder.encode(table, len(table)))
    return pd.DataFrame(found, columns=sources, index=table.index), start


@dataclass(frozen=True)
class ReasonTable:
    """The strongest reasons of many rows, as columns: those of row `i` stand from `starts[i]` to `starts[i + 1]`, strongest first.

    Attributes:
        starts: (rows + 1,).
        effects: (reasons,) in log-odds.
        codes: (reasons,) place in `words`.
        words: feature, value and text of each reason that differs in words.
    """

    starts: Places
    effects: Floats
    codes: Places
    words: list[tuple[str, str, str]]

    def rows(self) -> list[list[Reason]]:
        """The reasons of each row."""
        words = (self.words[code] for code in self.codes.tolist())
        made = [
            Reason(feature, value, effect, text)
            for (feature, value, text), effect in zip(words, self.effects.tolist(), strict=True)
        ]
        return [made[start:end] for start, end in pairwise(self.starts.tolist())]

    def among(self, shown: NDArray[np.bool_]) -> ReasonTable:
        """The reasons of more rows, of which these are the `shown` ones (n,); the others have none."""
        counts = np.zeros(len(shown), int)
        counts[shown] = np.diff(self.starts)
        return replace(self, starts=np.append(0, counts.cumsum()))


def reason_table(model: TermDepositModel, table: Columns, encoded: Floats, top: int = 4) -> ReasonTable:
    """The strongest reasons of each row.

    Args:
        model: whatever its algorithm.
        table: columns of the features table; `y` is not needed.
        encoded: the rows (n, columns) as the model's encoder gives them.
        top: at most this many reasons a row.

    Returns:
        The reasons, effects below SMALLEST_EFFECT left out. A row gets the same reasons alone and in any batch.
    """
    if not len(encoded):
        return ReasonTable(np.zeros(1, int), np.empty(0), np.empty(0, int), [])
    values, sources, _ = _effects(model, encoded)
    order = _strongest(np.abs(values), min(top, len(sources)))
    best = np.take_along_axis(values, order, axis=1)
    shown = np.abs(best) >= SMALLEST_EFFECT
    found, rows = order[shown], np.nonzero(shown)[0]
    codes = np.empty(len(found), int)
    words: list[tuple[str, str, str]] = []
    for number in np.unique(found):
        places = np.flatnonzero(found == number)
        own, told = _words(model.spec, sources[number], table, rows[places])
        codes[places] = own + len(words)
        words += told
    return ReasonTable(np.append(0, shown.sum(axis=1).cumsum()), best[shown], codes, words)


def reasons(model: TermDepositModel, table: pd.DataFrame, top: int = 4) -> list[list[Reason]]:
    """As `reason_table`, one list a row. Raises ModelIncompatible: the table lacks a column."""
    return reason_table(model, table, model.encoder.encode(table, len(table)), top).rows()


def _encoded_effects(model: TermDepositModel, encoded: Floats) -> tuple[Floats, float]:
    """Effects (n, columns) of encoded rows, and the log-odds they start from."""
    if not model.is_linear:
        return _tree_effects(model, model.encoder.named(encoded))
    coefficients, center = model.estimator.coef_[0], model.encoder.center_
    return (encoded - center) * coefficients, float((center * coefficients).sum() + model.estimator.intercept_[0])


def _effects(model: TermDepositModel, encoded: Floats) -> tuple[Floats, list[str], float]:
    """Effects (n, sources) of encoded rows by source feature, the sources, and the log-odds they start from."""
    found, start = _encoded_effects(model, encoded)
    of_column = [group_of(model.spec, name) for name in model.encoder.get_feature_names_out()]
    sources = list(dict.fromkeys(of_column))
    # One column after the other, whatever the number of rows: a row gets the same bits alone and in any batch.
    sums = np.zeros((len(sources), len(encoded)))
    for place, source in enumerate(of_column):
        sums[sources.index(source)] += found[:, place]
    return np.ascontiguousarray(sums.T), sources, start


def _strongest(sizes: Floats, top: int) -> Places:
    """Places (n, top) of the largest sizes (n, m) of each row, largest first; of equal ones the first."""
    order, rows = np.empty((len(sizes), top), int), np.arange(len(sizes))
    for place in range(top):
        order[:, place] = sizes.argmax(axis=1)
        sizes[rows, order[:, place]] = -1
    return order


def _words(spec: FeatureSpec, source: str, table: Columns, rows: Places) -> tuple[Places, list[tuple[str, str, str]]]:
    """What a source says of some rows: feature, value and text of each case, once, and for each row (n,) which of them is its own."""
    columns = {name: np.asarray(table[name])[rows] for name in sorted(columns_read(spec, source)) if name in table}
    codes, firsts = _distinct(list(columns.values()), len(rows))
    cases = zip(*(values[firsts].tolist() for values in columns.values()), strict=True) if columns else [()]
    return codes, [(source, *describe(spec, source, dict(zip(columns, case, strict=True)))) for case in cases]


def _distinct(columns: list[NDArray[Any]], rows: int) -> tuple[Places, Places]:
    """Number the combinations of values that occur in rows: for each row (n,) its number, and for each number its first row."""
    codes, firsts = np.zeros(rows, int), np.zeros(1, int)
    for column in columns if rows > 1 else ():
        own, values = numbered(column)
        codes, firsts = numbered(codes * len(values) + own)
    return codes, firsts


def _tree_effects(model: TermDepositModel, X: pd.DataFrame) -> tuple[Floats, float]:
    own = _OWN_CONTRIBUTIONS.get(model.choice.algorithm)
    if own is not None:  # the same values, worked out by the booster's compiled code
        found = np.asarray(own(model.estimator, X), dtype=float)
        return found[:, :-1], float(found[0, -1])
    import shap

    explainer = shap.TreeExplainer(model.estimator)
    start = float(np.ravel(explainer.expected_value)[-1])
    values = np.asarray(explainer.shap_values(X), dtype=float)
    # A forest: one layer a class, in probabilities.
    return _as_log_odds(values[:, :, 1], start, raw_scores(model.estimator, X))


def _of_xgboost(estimator: Any, X: pd.DataFrame) -> Any:
    from xgboost import DMatrix

    return estimator.get_booster().predict(DMatrix(X), pred_contribs=True)


#: Contributions of the columns and, last, the log-odds they start from (n, columns + 1): of boosters that give them themselves.
_OWN_CONTRIBUTIONS: dict[str, Callable[[Any, pd.DataFrame], Any]] = {
    "lightgbm": lambda estimator, X: estimator.predict(X, pred_contrib=True),
    "xgboost": _of_xgboost,
}


def _as_log_odds(values: Floats, start: float, p: Floats) -> tuple[Floats, float]:
    """Stretch each row's effects on a probability so that they add up to its log-odds; their proportions stay."""
    base = _logit(np.array([start]))[0]
    moved = p - start
    slope = np.where(
        np.abs(moved) > 1e-9, (_logit(p) - base) / np.where(np.abs(moved) > 1e-9, moved, 1.0), 1 / (start * (1 - start))
    )
    return values * slope[:, None], float(base)


def _logit(p: Floats) -> Floats:
    clipped = np.clip(p, 1e-9, 1 - 1e-9)
    return np.asarray(np.log(clipped / (1 - clipped)))
