"""The one scorer: the nightly batch and the service call exactly this, and a client gets the same bits alone or in any list."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bank_marketing.campaign.features import GAP, LIST_SIZE
from bank_marketing.contract import Contract
from bank_marketing.economics import Economics
from bank_marketing.errors import ConfigError, ModelIncompatible
from bank_marketing.modeling.explanations import ReasonTable, reason_table
from bank_marketing.modeling.metrics import Floats
from bank_marketing.modeling.model import TermDepositModel
from bank_marketing.modeling.numbers import Columns
from bank_marketing.registry.registry import ModelVersion
from bank_marketing.scoring.state import CampaignState, latest_campaign_state

__all__ = ["CampaignState", "Scorer", "feature_rows", "latest_campaign_state"]


def feature_rows(prospects: pd.DataFrame, day: date, state: CampaignState, list_size: int) -> pd.DataFrame:
    """Prospects of a day in the shape of the features table.

    Args:
        prospects: one row a client, the contract's attributes known before the call.
        day: of the calls.
        state: of the campaign, as of an evening before `day`.
        list_size: clients on the whole list of that day, not in this part of it.

    Returns:
        The rows in their order, with the campaign's columns.

    Raises:
        ConfigError: the state knows the outcomes of `day` or of a later day.
    """
    return prospects.reset_index(drop=True).assign(**day_columns(day, state, list_size))


def day_columns(day: date, state: CampaignState, list_size: int) -> dict[str, int]:
    """What all clients of a day have in common in the features table. Raises ConfigError: the state knows the outcomes of `day`."""
    gap = (day - state.last_contact_day).days
    if gap <= 0:
        raise ConfigError(
            f"the list of {day} cannot be scored with the counts of {state.last_contact_day}: they know its own outcomes. "
            "Choose a later day."
        )
    return state.counts | {LIST_SIZE: list_size, GAP: gap}


class ScoredColumns(NamedTuple):
    """Predictions of rows (n,), in their order."""

    probability: Floats
    decision: NDArray[np.bool_]
    expected_profit: Floats
    reasons: ReasonTable


class Scorer:
    """Scores prospects with one model version.

    Raises:
        ModelIncompatible: the model wants columns that a prospect of this contract has not.
    """

    def __init__(self, model: TermDepositModel, version: ModelVersion, economics: Economics, contract: Contract) -> None:
        """Take the model after it has scored one row of the contract's defaults."""
        self.model, self.version, self.economics, self.contract = model, version, economics, contract
        self.threshold = model.threshold_at(economics)
        self.contract_digest = contract.digest  # worked out once: each prediction's record has it
        self._try()

    def score(self, prospects: pd.DataFrame, day: date, state: CampaignState, list_size: int) -> pd.DataFrame:
        """Score the prospects of a day.

        Args:
            prospects: one row a client, the contract's attributes known before the call; `contact_id` may be there.
            day: of the calls.
            state: of the campaign, as of an evening before `day`.
            list_size: clients on the whole list of that day.

        Returns:
            contact_id when it was there, probability, decision (bool), expected_profit, reasons, in the order of `prospects`.

        Raises:
            ConfigError: the state knows the outcomes of `day`.
            ModelIncompatible: the prospects lack a column.
        """
        scored, reasons = self.score_columns(prospects, day, state, list_size)
        return scored.assign(reasons=pd.Series(reasons.rows(), index=scored.index, dtype=object))

    def score_columns(
        self, prospects: pd.DataFrame, day: date, state: CampaignState, list_size: int, *, all_reasons: bool = True
    ) -> tuple[pd.DataFrame, ReasonTable]:
        """As `score`, with the reasons as columns: nothing is made for each row. `all_reasons`: see `score_features`."""
        table = feature_rows(prospects, day, state, list_size)
        found = self.score_features(table, len(table), all_reasons=all_reasons)
        scored = table[["contact_id"]].copy() if "contact_id" in table else pd.DataFrame(index=table.index)
        scored = scored.assign(probability=found.probability, decision=found.decision, expected_profit=found.expected_profit)
        return scored, found.reasons

    def score_features(self, table: Columns, rows: int, *, all_reasons: bool = True) -> ScoredColumns:
        """Score rows of the features table, be it a table or plain columns with that many rows.

        Trees take a hundred times longer to explain a row than to predict it: without `all_reasons` they give reasons for those who
        are to be called alone. Raises ModelIncompatible: a column is not there.
        """
        model = self.model
        encoded = model.encoder.encode(table, rows)
        p = model.probabilities(encoded if model.is_linear else model.encoder.named(encoded)) if rows else np.empty(0)
        decision = model.decide(p, self.economics)
        if all_reasons or model.is_linear:
            reasons = reason_table(model, table, encoded)
        else:
            called: dict[str, Any] = {name: np.asarray(table[name])[decision] for name in map(str, table)}
            reasons = reason_table(model, called, encoded[decision]).among(decision)
        return ScoredColumns(p, decision, self.economics.expected_profit(p), reasons)

    def _try(self) -> None:
        row: dict[str, object] = dict.fromkeys(self.model.spec.campaign_columns, 1)
        for column in self.contract.attributes:
            fallback = column.categories[0] if column.categories else column.min or 0
            row[column.name] = column.default if column.default is not None else fallback
        try:
            p = self.model.predict_proba(pd.DataFrame([row]))
        except (ValueError, TypeError, AttributeError) as error:
            raise ModelIncompatible(
                f"version {self.version.version} cannot score a prospect of this contract: {error}. Retrain, or roll back to a "
                "version that fits."
            ) from error
        if not np.isfinite(p).all():
            raise ModelIncompatible(f"version {self.version.version} gives no probability for a prospect of this contract")
