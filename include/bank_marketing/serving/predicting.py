"""From accepted prospects to predictions on record: what the API, the pages and the files share."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal, NamedTuple

from bank_marketing.artifacts.manifest import code_version
from bank_marketing.modeling.explanations import Reason
from bank_marketing.scoring.inputs import as_array, columns_of, input_digests
from bank_marketing.scoring.predictions import PredictionLog, PredictionRecord
from bank_marketing.scoring.scorer import day_columns
from bank_marketing.scoring.single import Scored, scored_rows
from bank_marketing.serving.commitment import commit
from bank_marketing.serving.measures import Measures
from bank_marketing.serving.model_cache import ModelCache, ServingState
from bank_marketing.serving.problems import FieldProblem, ProblemError
from bank_marketing.serving.schemas import CampaignBrief, ModelBrief

#: Whom a record names as its source; "batch" is the nightly job alone, which monitoring prefers.
Source = Literal["api", "file"]


class Prediction(NamedTuple):
    """One prediction; `prediction_id` is empty where none is on record. See `schemas.PredictionBody`."""

    prediction_id: str
    contact_id: str | None
    probability: float
    decision: bool
    expected_profit: float
    reasons: list[Reason]

    def to_json(self) -> dict[str, Any]:
        """The prediction as the API gives it."""
        return self._asdict() | {"reasons": [reason._asdict() for reason in self.reasons]}


@dataclass(frozen=True)
class PredictionContext:
    """What is asked beside the prospects: for which day and list, by whom, through which door. `record`: what ids begin with."""

    day: date
    list_size: int
    who: str
    source: Source
    record: str = ""


class Predictor:
    """Scores with the model that is served now."""

    def __init__(self, models: ModelCache, log: PredictionLog, measures: Measures, stale_after_days: int) -> None:
        self.models, self.log, self.measures, self.stale_after_days = models, log, measures, stale_after_days

    def loaded(self) -> ServingState:
        """What is served now. Raises ProblemError: no-model, unavailable."""
        loaded = self.models.current
        if loaded is None:
            raise ProblemError(self.models.kind, self.models.public_problem, headers={"Retry-After": "30"})
        return loaded

    def score(self, loaded: ServingState, rows: Sequence[dict[str, Any]], day: date, list_size: int) -> list[Scored]:
        """Score rows of the contract, in their order; nothing is stored."""
        derived, state = loaded.scorer.contract.derived_values(day), loaded.campaign.state
        if len(rows) == 1 and loaded.single is not None:
            return [loaded.single.score(rows[0] | derived, day, state, list_size)]
        columns = columns_of(rows, derived | day_columns(day, state, list_size))
        table = {name: as_array(values) for name, values in columns.items()}
        return scored_rows(loaded.scorer.score_features(table, len(rows)))

    def predict(self, loaded: ServingState, rows: Sequence[dict[str, Any]], context: PredictionContext) -> list[Prediction]:
        """Score rows and put the predictions on record. Raises StoreUnavailable: what is not on record is not given."""
        scored = self.score(loaded, rows, context.day, context.list_size)
        record = context.record or f"{datetime.now(UTC):%Y-%m-%d}-{secrets.token_hex(8)}"
        made = [
            Prediction(f"{record}-{number}", given.get("contact_id"), *row)
            for number, (given, row) in enumerate(zip(rows, scored, strict=True))
        ]
        records = self._records(loaded, rows, made, context)
        commit()
        if not self.log.append_json(made[0].prediction_id, records):
            self._check_recorded(made[0].prediction_id, loaded)
        self.measures.count(scored, context.source, loaded.version.version)
        return made

    def _check_recorded(self, prediction_id: str, loaded: ServingState) -> None:
        """What is on record already (a request that was cut off is answered again) must be what is answered now."""
        kept = self.log.get(prediction_id)
        if (kept.model_digest, kept.features_digest) != (loaded.version.digest, loaded.campaign.state.features_digest):
            message = f"This was put on record as {kept.prediction_id} with an earlier model or state. Ask for that prediction."
            raise ProblemError("conflict", message)

    def explore(self, loaded: ServingState, rows: Sequence[dict[str, Any]], day: date, list_size: int) -> list[Prediction]:
        """Score rows of which no record is wanted: what-if questions must not stand among what was decided."""
        scored = self.score(loaded, rows, day, list_size)
        return [Prediction("", given.get("contact_id"), *row) for given, row in zip(rows, scored, strict=True)]

    def _records(
        self, loaded: ServingState, rows: Sequence[dict[str, Any]], made: Sequence[Prediction], context: PredictionContext
    ) -> list[str]:
        contract = loaded.scorer.contract
        digests = input_digests(columns_of(rows, contract.derived_values(context.day)), contract)
        own: list[dict[str, Any]] = [
            {
                "prediction_id": one.prediction_id,
                "contact_id": one.contact_id,
                "input_digest": digest,
                "probability": one.probability,
                "decision": one.decision,
            }
            for one, digest in zip(made, digests, strict=True)
        ]
        first = PredictionRecord(
            **own[0],
            at=datetime.now(UTC),
            source=context.source,
            model_version=loaded.version.version,
            model_digest=loaded.version.digest,
            features_digest=loaded.campaign.state.features_digest,
            threshold=loaded.threshold,
            call_cost=loaded.scorer.economics.call_cost,
            deposit_margin=loaded.scorer.economics.deposit_margin,
            day=context.day,
            who=context.who,
            contract=loaded.scorer.contract_digest,
            code_version=code_version(),
        )
        return first.sealed_json(own)

    def campaign_brief(self, loaded: ServingState, day: date) -> CampaignBrief:
        """The campaign counts and their age for a day."""
        state = loaded.campaign.state
        return CampaignBrief(
            as_of=state.as_of,
            last_contact_day=state.last_contact_day,
            age_days=loaded.campaign.age_days(day),
            stale=loaded.campaign.is_stale(day, self.stale_after_days, datetime.now(UTC)),
            features_digest=state.features_digest,
        )


def model_brief(loaded: ServingState) -> ModelBrief:
    """The model of a prediction."""
    return ModelBrief(
        version=loaded.version.version, digest=loaded.version.digest, trained_through=loaded.scorer.model.trained_through
    )


def check_day(loaded: ServingState, rows: Sequence[dict[str, Any]], day: date, place: str) -> None:
    """Refuse a day that the campaign's counts already contain, and a month or weekday that is not the day's own.

    `place` is the rows' path in the request, with `{}` for their number. Raises ProblemError: invalid-request.
    """
    last = loaded.campaign.state.last_contact_day
    if day <= last:
        problem = (
            f"must be after {last}, the last contact day whose outcomes are known; an earlier day would know its own outcome"
        )
        raise ProblemError("invalid-request", "This day cannot be scored.", errors=[FieldProblem(field="day", problem=problem)])
    derived = loaded.scorer.contract.derived_values(day)
    wrong = [
        FieldProblem(
            field=f"{place.format(number)}.{name}",
            problem=f"{loaded.scorer.contract[name].title} of {day} is {value}; leave it out, it follows from the day",
        )
        for number, row in enumerate(rows)
        for name, value in derived.items()
        if row.get(name) not in (None, value)
    ]
    if wrong:
        raise ProblemError("invalid-request", f"{len(wrong)} values are not those of {day}.", errors=wrong[:100])
