"""The rows that a model learns from, in this process. `spark_rows` has the same of rows that stay on a cluster."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pandas as pd

from bank_marketing.campaign.features import FeatureSpec
from bank_marketing.economics import Economics
from bank_marketing.modeling.choice import ModelSpec
from bank_marketing.modeling.metrics import Floats
from bank_marketing.modeling.model import TermDepositModel, recency, train


class TrainingRows(Protocol):
    """Train and validation days of a features table, wherever they are. The validation days are few: they are here."""

    @property
    def validation(self) -> pd.DataFrame:
        """Rows of the validation days, in time order."""

    @property
    def counts(self) -> dict[str, tuple[int, int]]:
        """Rows and subscribers of `train` and `validation`."""

    def head(self, limit: int) -> pd.DataFrame:
        """The first rows of the train days."""

    def train(self, choice: ModelSpec, economics: Economics) -> tuple[TermDepositModel, Floats]:
        """The model and the out-of-sample probabilities of the validation rows, as `model.fit_validated` gives them."""

    def reference(self, model: TermDepositModel, limit: int) -> pd.DataFrame:
        """Rows that stand for what the model learned from, as `reference_rows` picks them."""

    def close(self) -> None:
        """Give back what holds the rows."""


class LocalRows:
    """A features table in memory, in time order."""

    def __init__(self, table: pd.DataFrame, spec: FeatureSpec) -> None:
        self._spec = spec
        self._known = table[table["split"] != "holdout"]
        self._train = table[table["split"] == "train"]
        self.validation = table[table["split"] == "validation"]

    @property
    def counts(self) -> dict[str, tuple[int, int]]:
        """Rows and subscribers by part."""
        parts = {"train": self._train, "validation": self.validation}
        return {name: (len(part), int(part["y"].sum())) for name, part in parts.items()}

    def head(self, limit: int) -> pd.DataFrame:
        """The first rows of the train days."""
        return self._train.head(limit)

    def train(self, choice: ModelSpec, economics: Economics) -> tuple[TermDepositModel, Floats]:
        """Train in this process."""
        return train(choice, self._train, self.validation, spec=self._spec, economics=economics)

    def reference(self, model: TermDepositModel, limit: int) -> pd.DataFrame:
        """Rows that stand for all."""
        return reference_rows(model, self._known, limit)

    def close(self) -> None:
        """Memory goes by itself."""


def reference_rows(model: TermDepositModel, rows: pd.DataFrame, limit: int) -> pd.DataFrame:
    """Training rows with their probability: the same days and mix as the training data, in a few hundred kilobytes.

    Rows are taken evenly, in time order; where the choice weights recent rows more, they are taken as often as they weigh, none twice.

    Args:
        model: that learned from the rows.
        rows: that it learned from (n,), in time order.
        limit: of the rows that are kept.
    """
    if model.choice.window.last_rows is not None:
        rows = rows.tail(model.choice.window.last_rows)
    weights = recency(model.choice, rows)
    kept = max(1, min(limit, int(weights.sum() / weights.max())))
    places = np.searchsorted(np.cumsum(weights), (np.arange(kept) + 0.5) / kept * weights.sum())
    picked: pd.DataFrame = rows.iloc[places]
    return picked.assign(probability=model.predict_proba(picked))
