"""From accepted prospects to predictions on record: what the API, the pages and the files share."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

import pandas as pd

from bank_marketing.artifacts.manifest import code_version, digest_of
from bank_marketing.scoring.inputs import input_columns
from bank_marketing.scoring.predictions import PredictionLog, PredictionRecord
from bank_marketing.scoring.single import Scored
from bank_marketing.serving.commitment import commit
from bank_marketing.serving.measures import Measures
from bank_marketing.serving.model_cache import ModelCache, ServingState
from bank_marketing.serving.problems import FieldProblem, ProblemError
from bank_marketing.serving.schemas import CampaignBrief, ModelBrief, PredictionBody, ReasonBody

#: Whom a record names as its source; "batch" is the nightly job alone, which monitoring prefers.
Source = Literal["api", "file"]

#: Log-odds below this move a probability by less than half a point: no reason worth a line.
LEAST_EFFECT = 0.02


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
        table = pd.DataFrame([row | derived for row in rows])
        return _rows_of(loaded.scorer.score(table, day, state, list_size))

    def predict(self, loaded: ServingState, rows: Sequence[dict[str, Any]], context: PredictionContext) -> list[PredictionBody]:
        """Score rows and put the predictions on record. Raises StoreUnavailable: what is not on record is not given."""
        scored = self.score(loaded, rows, context.day, context.list_size)
        records = self._records(loaded, rows, scored, context)
        commit()
        if not self.log.append(records):
            self._check_recorded(records[0])
        self.measures.count(scored, context.source, loaded.version.version)
        return [body(record.prediction_id, record.contact_id, row) for record, row in zip(records, scored, strict=True)]

    def _check_recorded(self, made: PredictionRecord) -> None:
        """What is on record already (a request that was cut off is answered again) must be what is answered now."""
        kept = self.log.get(made.prediction_id)
        if (kept.model_digest, kept.features_digest) != (made.model_digest, made.features_digest):
            message = f"This was put on record as {kept.prediction_id} with an earlier model or state. Ask for that prediction."
            raise ProblemError("conflict", message)

    def explore(self, loaded: ServingState, rows: Sequence[dict[str, Any]], day: date, list_size: int) -> list[PredictionBody]:
        """Score rows of which no record is wanted: what-if questions must not stand among what was decided."""
        scored = self.score(loaded, rows, day, list_size)
        return [body("", given.get("contact_id"), row) for given, row in zip(rows, scored, strict=True)]

    def _records(
        self, loaded: ServingState, rows: Sequence[dict[str, Any]], scored: Sequence[Scored], context: PredictionContext
    ) -> list[PredictionRecord]:
        now, contract = datetime.now(UTC), loaded.scorer.contract
        columns, derived = input_columns(contract), contract.derived_values(context.day)
        record = context.record or f"{now:%Y-%m-%d}-{secrets.token_hex(8)}"
        own: list[dict[str, Any]] = [
            {
                "prediction_id": f"{record}-{number}",
                "contact_id": given.get("contact_id"),
                "input_digest": input_digest(given | derived, columns),
                "probability": row.probability,
                "decision": row.decision,
            }
            for number, (given, row) in enumerate(zip(rows, scored, strict=True))
        ]
        first = PredictionRecord(
            **own[0],
            at=now,
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
        return first.sealed_each(own)

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


def body(prediction_id: str, contact_id: str | None, row: Scored) -> PredictionBody:
    """One scored row as the API gives it."""
    reasons = [
        ReasonBody(feature=reason.feature, value=str(reason.value), effect=reason.effect, text=reason.text)
        for reason in row.reasons
        if abs(reason.effect) >= LEAST_EFFECT
    ]
    return PredictionBody(
        prediction_id=prediction_id,
        contact_id=contact_id,
        probability=row.probability,
        decision=row.decision,
        expected_profit=row.expected_profit,
        reasons=reasons,
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


def input_digest(row: dict[str, Any], columns: Sequence[str]) -> str:
    """Digest of what was scored: the nightly job gives the same client of the same day the same one."""
    return digest_of({name: row[name] for name in columns})


def _rows_of(scored: pd.DataFrame) -> list[Scored]:
    """Rows with Python's own types."""
    columns = [scored[name].tolist() for name in ("probability", "decision", "expected_profit", "reasons")]
    return [Scored(*row) for row in zip(*columns, strict=True)]
