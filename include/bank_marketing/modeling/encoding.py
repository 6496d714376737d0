"""From the features table to what an estimator reads: training, batch scoring and the service share it."""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import ValidationError
from sklearn.base import BaseEstimator, TransformerMixin

from bank_marketing.campaign.features import FeatureSpec
from bank_marketing.errors import ConfigError, ModelIncompatible
from bank_marketing.modeling.choice import ModelSpec
from bank_marketing.modeling.moments import Moments
from bank_marketing.modeling.numbers import Columns, numbers

Floats = NDArray[np.float64]

#: Numbers that vary less than this share of their mean are constant.
SMALLEST_SPREAD = 1e-9


class ReadRows(NamedTuple):
    """Rows as `FeatureEncoder.read` gives them.

    Attributes:
        names: of the numbers.
        numbers: not standardized yet (rows, numbers).
        flags: whether a row is of a category (categories, rows).
    """

    names: tuple[str, ...]
    numbers: Floats
    flags: NDArray[np.bool_]

    def part(self, start: int, end: int) -> ReadRows:
        """Some of the rows; nothing is copied."""
        return ReadRows(self.names, self.numbers[start:end], self.flags[:, start:end])


class FeatureEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no type hints
    """Encodes the features table: standardized numbers, then one column a category (an unseen category is all zeros).

    The campaign's declaration is part of the encoder, as JSON (`FeatureSpec.text`): a stored model is scored with the one that it was
    trained with.
    """

    def __init__(
        self,
        features: str,
        feature_set: str,
        prior_rows: float = 5.0,
        category_weight: float = 1.0,
        extra_columns: tuple[str, ...] = (),
    ) -> None:
        self.features = features
        self.feature_set = feature_set
        self.prior_rows = prior_rows
        self.category_weight = category_weight
        self.extra_columns = extra_columns

    @classmethod
    def of(cls, choice: ModelSpec, features: FeatureSpec) -> FeatureEncoder:
        """The encoder that a choice asks for. Raises ConfigError when the campaign declares no such feature set."""
        feature_set = choice.feature_set or features.default_set
        if feature_set not in features.sets:
            raise ConfigError(
                f"the chosen model reads the feature set {feature_set!r}, and the campaign's features.yaml has only "
                f"{', '.join(features.sets)}: search for a model again (`bank-marketing experiments`), or declare the set"
            )
        return cls(features.text, feature_set, choice.prior_rows, choice.category_weight, choice.extra_columns)

    @property
    def spec(self) -> FeatureSpec:
        """The declaration of the campaign's features that this encoder was made for. Raises ModelIncompatible."""
        return _parsed(getattr(self, "features", ""))

    def fit(self, table: pd.DataFrame, y: object = None) -> FeatureEncoder:
        """Learn mean and spread of the numbers and the share of each category. The categories are the contract's."""
        return self.fit_read(self.read(table))

    def read(self, table: pd.DataFrame) -> ReadRows:
        """What does not depend on what the encoder learns: once for all fits on the first of these rows. Raises KeyError."""
        found = self._numbers(table)
        flags = np.empty((len(self.spec.category_values), len(table)), dtype=bool)
        place = 0
        for name, entries in groupby(self.spec.category_values, key=itemgetter(0)):
            values = np.asarray(table[name], dtype=object)
            for _, category in entries:
                flags[place] = values == category
                place += 1
        return ReadRows(tuple(found), _matrix(found, len(table)), flags)

    def fit_read(self, rows: ReadRows) -> FeatureEncoder:
        """As `fit`, of rows that were read."""
        numbers_ = rows.numbers
        return self._learn(list(rows.names), numbers_.mean(axis=0), numbers_.std(axis=0), rows.flags.mean(axis=1))

    def encode_read(self, rows: ReadRows) -> Floats:
        """As `encode`, of rows that an encoder of the same choice has read."""
        place = len(rows.names)
        encoded = np.empty((rows.numbers.shape[0], place + len(rows.flags)))
        np.subtract(rows.numbers, self.mean_, out=encoded[:, :place])
        np.divide(encoded[:, :place], self.spread_, out=encoded[:, :place])
        np.multiply(rows.flags.T, self.category_weight, out=encoded[:, place:])
        return encoded

    def moments(self, table: pd.DataFrame) -> Moments:
        """What `fit_moments` needs to know of some of the rows."""
        found = self._numbers(table)
        values = _matrix(found, len(table))
        mean = values.mean(axis=0)
        flags = np.array([(table[name] == value).sum() for name, value in self.spec.category_values], dtype=float)
        return Moments(tuple(found), len(table), mean, ((values - mean) ** 2).sum(axis=0), flags)

    def fit_moments(self, moments: Moments) -> FeatureEncoder:
        """Learn the same from the merged moments of rows that are nowhere all together; rounding alone differs."""
        spread = np.sqrt(moments.squares / moments.rows)
        return self._learn(list(moments.names), moments.mean, spread, moments.flags / moments.rows)

    def _learn(self, names: list[str], mean: Floats, spread: Floats, share: Floats) -> FeatureEncoder:
        self.number_names_ = names
        self.mean_ = mean
        # A constant column's spread is rounding noise, not always zero: divided by it, any other value would be astronomical.
        spread = np.where(spread > SMALLEST_SPREAD * np.maximum(1, np.abs(self.mean_)), spread, 1.0)
        declared = self.spec.numbers(self.feature_set)
        self.spread_ = np.maximum(spread, [declared[name].least_spread if name in declared else 0.0 for name in names])
        self.category_names_ = self.spec.category_values
        self.share_ = share
        return self

    @property
    def center_(self) -> Floats:
        """The encoding of the mean training row: what an explanation compares a row with."""
        return np.concatenate([np.zeros(len(self.number_names_)), self.share_ * self.category_weight])

    def transform(self, table: pd.DataFrame) -> pd.DataFrame:
        """Encode rows.

        Returns:
            One float64 column a feature, one row a contact, in the table's order.

        Raises:
            ModelIncompatible: the table lacks a column.
        """
        return self.named(self.encode(table, len(table)), table.index)

    def encode(self, table: Columns, rows: int) -> Floats:
        """As `transform`, of columns with that many rows: an array (rows, features) without names."""
        try:
            found = self._numbers(table)
            place = len(self.number_names_)
            encoded = np.empty((rows, place + len(self.category_names_)))
            numbers_ = _matrix({name: found[name] for name in self.number_names_}, rows)
            encoded[:, :place] = (numbers_ - self.mean_) / self.spread_
            # Once a column and not once a category: for a single row, finding the column costs more than comparing it.
            for name, entries in groupby(self.category_names_, key=itemgetter(0)):
                values = np.asarray(table[name], dtype=object)
                for _, category in entries:
                    encoded[:, place] = values == category
                    place += 1
        except KeyError as error:
            raise ModelIncompatible(f"the features table has no column {error}: it was made for another model") from error
        encoded[:, len(self.number_names_) :] *= self.category_weight
        return encoded

    def named(self, encoded: Floats, index: pd.Index | None = None) -> pd.DataFrame:
        """Encoded rows with the names of their columns, by which trees know them."""
        return pd.DataFrame(encoded, columns=self.get_feature_names_out(), index=index)

    def get_feature_names_out(self, input_features: object = None) -> list[str]:
        """Names of the encoded columns; a category is `column=value`."""
        return self.number_names_ + [f"{name}={value}" for name, value in self.category_names_]

    def _numbers(self, table: Columns) -> dict[str, Floats]:
        spec = self.spec
        # What is known only after the call is out of reach, whatever a choice names.
        allowed = {name: table[name] for name in map(str, table) if name not in spec.forbidden}
        found = numbers(allowed, spec, self.feature_set, self.prior_rows)
        return found | {name: np.asarray(allowed[name], dtype=float) for name in self.extra_columns}


def _matrix(found: dict[str, Floats], rows: int) -> Floats:
    """Numbers as columns (rows, numbers); a feature set may have none."""
    return np.column_stack(list(found.values())) if found else np.empty((rows, 0))


@lru_cache(maxsize=8)
def _parsed(text: str) -> FeatureSpec:
    try:
        return FeatureSpec.model_validate_json(text)
    except ValidationError as error:
        raise ModelIncompatible(
            "the model does not say by which features it was trained, as models of earlier releases do not: train again (`make run`)"
        ) from error
