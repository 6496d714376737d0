"""One client at a time, without a table: pandas took most of a request's time. The same bits as the scorer's, by test."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

import numpy as np

from bank_marketing.campaign.wording import describe, group_of
from bank_marketing.modeling.explanations import SMALLEST_EFFECT, Reason
from bank_marketing.modeling.metrics import Floats
from bank_marketing.scoring.scorer import CampaignState, ScoredColumns, Scorer, day_columns

#: Reasons that are given, at most: as many as the scorer gives.
TOP = 4

#: Days and list sizes, and encoded numbers of each of them, that are remembered: some 25 MB at most.
MOST_DAYS, MOST_NUMBERS = 8, 20_000

#: Encoded numbers of a day, by their place and the value that they are of.
_Numbers = dict[tuple[int, Any], float]


class Scored(NamedTuple):
    """The prediction of one client, in Python's own types; see `Scorer.score`."""

    probability: float
    decision: bool
    expected_profit: float
    reasons: list[Reason]


def scored_rows(found: ScoredColumns) -> list[Scored]:
    """Each row's prediction."""
    figures = (found.probability.tolist(), found.decision.tolist(), found.expected_profit.tolist())
    return [Scored(*row) for row in zip(*figures, found.reasons.rows(), strict=True)]


class SingleScorer:
    """Scores single clients with the linear model of a scorer. What is the same for all clients is worked out once."""

    def __init__(self, scorer: Scorer) -> None:
        """Take a scorer whose model `fits`."""
        self.scorer, self.model, self.spec = scorer, scorer.model, scorer.model.spec
        encoder = self.model.encoder
        self._center, self._coefficients = encoder.center_, self.model.estimator.coef_[0]
        self._read = frozenset({*self.spec.attributes, *self.spec.campaign_columns} - set(self.spec.forbidden))
        self._own = [self._own_column(name) for name in encoder.number_names_]
        self._flags: dict[str, dict[Any, int]] = {}
        for place, (name, category) in enumerate(encoder.category_names_, start=len(self._own)):
            self._flags.setdefault(name, {})[category] = place
        self._known: tuple[CampaignState | None, dict[tuple[date, int], _Numbers]] = (None, {})
        self._places: dict[str, list[int]] = {}
        for place, name in enumerate(encoder.get_feature_names_out()):
            self._places.setdefault(group_of(self.spec, name), []).append(place)

    @staticmethod
    def fits(scorer: Scorer) -> bool:
        """Whether the model is linear: a tree's effects are worked out on tables."""
        return scorer.model.is_linear

    def score(self, prospect: Mapping[str, Any], day: date, state: CampaignState, list_size: int) -> Scored:
        """Score one prospect of a day.

        Raises:
            ConfigError: the state knows the outcomes of `day`.
            ModelIncompatible: the prospect lacks a column.
        """
        row = {**prospect, **day_columns(day, state, list_size)}
        encoded = self._encoded(row, self._numbers_of(day, state, list_size))
        p, economics = self.model.probabilities(encoded), self.scorer.economics
        return Scored(
            probability=float(p[0]),
            decision=bool(self.model.decide(p, economics)[0]),
            expected_profit=float(economics.expected_profit(p)[0]),
            reasons=self._reasons(encoded[0], row),
        )

    def _encoded(self, row: Mapping[str, Any], known: _Numbers) -> Floats:
        """The row (1, columns) as the encoder gives it, put together of what it gave rows of the same day before."""
        try:
            numbers = [known.get((place, row[name] if name else None)) for place, name in enumerate(self._own)]
            places = [flags.get(row[name]) for name, flags in self._flags.items()]
        except KeyError:  # the encoder says what is missing
            numbers, places = [None], []
        if None in numbers:
            columns = {name: np.array([value], dtype=object) for name, value in row.items() if name in self._read}
            encoded = self.model.encoder.encode(columns, 1)
            for place, name in enumerate(self._own):
                known[place, row[name] if name else None] = encoded[0, place]
            return encoded
        encoded = np.zeros((1, len(self._center)))
        encoded[0, : len(numbers)] = numbers
        encoded[0, [place for place in places if place is not None]] = self.model.encoder.category_weight
        return encoded

    def _numbers_of(self, day: date, state: CampaignState, list_size: int) -> _Numbers:
        """What is remembered of a day with a list of that size, and forgotten with the state; threads may ask at the same time."""
        known = self._known
        if known[0] is not state or len(known[1]) > MOST_DAYS:
            known = self._known = (state, {})
        numbers = known[1].setdefault((day, list_size), {})
        if len(numbers) > MOST_NUMBERS:
            numbers = known[1][day, list_size] = {}
        return numbers

    def _own_column(self, name: str) -> str:
        """The attribute of the client of which a number is; empty where all clients of a day share it."""
        declared = self.spec.numbers(self.model.encoder.feature_set)
        source = (declared[name].column or declared[name].segment) if name in declared else name
        return source if source in self.spec.attributes else ""

    def _reasons(self, encoded: Floats, row: Mapping[str, Any]) -> list[Reason]:
        """The strongest reasons, strongest first."""
        effects = ((encoded - self._center) * self._coefficients).tolist()
        sums = [(source, _added(effects, places)) for source, places in self._places.items()]
        strongest = sorted(sums, key=lambda entry: -abs(entry[1]))[:TOP]
        return [self._reason(source, effect, row) for source, effect in strongest if abs(effect) >= SMALLEST_EFFECT]

    def _reason(self, source: str, effect: float, row: Mapping[str, Any]) -> Reason:
        value, text = describe(self.spec, source, row)
        return Reason(source, value, effect, text)


def _added(effects: list[float], places: list[int]) -> float:
    """The sum, one after the other as in a table: Python's own `sum` compensates for rounding from 3.12 on."""
    total = 0.0
    for place in places:
        total += effects[place]
    return total
