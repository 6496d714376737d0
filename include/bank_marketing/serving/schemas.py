"""What the API takes and gives. The prospect comes from the data contract."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bank_marketing.campaign import open_campaign
from bank_marketing.contract.request import example_prospect, prospect_model
from bank_marketing.lists.entities import LARGEST_LIST
from bank_marketing.scoring.predictions import PredictionRecord
from bank_marketing.settings import Settings

#: FastAPI reads the types of routes when they are declared: a process serves one campaign, that of its settings.
_CONTRACT = open_campaign(Settings()).contract

#: A client who may be called, as known before the call.
Prospect: Any = prospect_model(_CONTRACT)

#: A client as an example: the contract's own examples.
EXAMPLE_PROSPECT: dict[str, Any] = example_prospect(_CONTRACT)

#: What the service answered for it on 2010-06-30, on the real campaign.
EXAMPLE_ANSWER: dict[str, Any] = {
    "prediction_id": "2026-11-25-f855f098b4627194-0",
    "contact_id": "C-0012345",
    "probability": 0.7334197990579402,
    "decision": True,
    "expected_profit": 21.33679196231761,
    "reasons": [
        {
            "feature": "earlier_contact",
            "value": "success",
            "effect": 1.079835990555042,
            "text": "Subscribed in an earlier campaign, last called 6 days ago",
        },
        {
            "feature": "recent_conversion",
            "value": "45 %",
            "effect": 0.6727827591825324,
            "text": "The campaign converted 45 % over the last 5 days",
        },
    ],
    "day": "2010-07-01",
    "list_size": 17,
    "list_size_from": "the call list of 2010-07-01",
    "threshold": 0.23,
    "model": {
        "version": 1,
        "digest": "a98d5e49e42015a4e3f23e967803daeb1266d90510244fa1a23c1bbe59ebe799",
        "trained_through": "2010-03-12",
    },
    "campaign": {
        "as_of": "2010-06-30",
        "last_contact_day": "2010-06-30",
        "age_days": 1,
        "stale": False,
        "features_digest": "27a21ba2cc07b403bf9bfe7c4e8b79ce35de956f8aa2d4d94c02f91d443bb7a9",
    },
}

_DAY = Field(
    default=None, description="day of the call; the working day after the last contact day that is known, when left out"
)
_LIST_SIZE = Field(
    default=None,
    ge=1,
    le=LARGEST_LIST,
    description="clients on that day's whole call list, which the model knows as a feature; that of the day's landed list when left out",
)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", protected_namespaces=())


class PredictionRequest(_Body):
    """One client to score."""

    prospect: Prospect = Field(examples=[EXAMPLE_PROSPECT])
    day: date | None = _DAY
    list_size: int | None = _LIST_SIZE


class BatchRequest(_Body):
    """Several clients to score; one that cannot be accepted refuses the batch."""

    prospects: list[Prospect] = Field(min_length=1, examples=[[EXAMPLE_PROSPECT]])
    day: date | None = _DAY
    list_size: int | None = _LIST_SIZE


class ReasonBody(_Body):
    """What pushed a probability up or down, against the average client of the training data."""

    feature: str = Field(examples=["poutcome"])
    value: str = Field(examples=["success"])
    effect: float = Field(description="in log-odds; above 0 pushes up")
    text: str = Field(description="in plain words")


class ModelBrief(_Body):
    """The model that gave a prediction."""

    version: int
    digest: str
    trained_through: str = Field(description="last contact day whose outcomes it has seen")


class CampaignBrief(_Body):
    """The campaign counts that a prediction used, and how old they are."""

    as_of: date
    last_contact_day: date
    age_days: int = Field(description="from the last contact day that is known to the day that is scored")
    stale: bool
    features_digest: str


class PredictionBody(_Body):
    """One prediction. It is on record under its id."""

    prediction_id: str
    contact_id: str | None
    probability: float = Field(ge=0, le=1, description="of a subscription")
    decision: bool = Field(description="true: call")
    expected_profit: float = Field(description="of the call, in the campaign's currency")
    reasons: list[ReasonBody]


class PredictionResponse(PredictionBody):
    """One prediction, with what it was made from."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=(), json_schema_extra={"examples": [EXAMPLE_ANSWER]})

    day: date
    list_size: int = Field(description="clients on that day's whole list, which the model knows as a feature")
    list_size_from: str = Field(description="where that size is known from")
    threshold: float
    model: ModelBrief
    campaign: CampaignBrief


class BatchResponse(_Body):
    """Predictions in the order of the request."""

    predictions: list[PredictionBody]
    day: date
    list_size: int = Field(description="clients on that day's whole list, which the model knows as a feature")
    list_size_from: str = Field(description="where that size is known from")
    threshold: float
    model: ModelBrief
    campaign: CampaignBrief


class ModelResponse(ModelBrief):
    """The model in production."""

    stage: Literal["production"]
    registered_at: datetime
    loaded_at: datetime
    as_of: str = Field(description="day whose data it was trained on")
    threshold: float
    algorithm: str
    metrics: dict[str, Any] = Field(description="on the validation days, from the training run")
    synthetic: bool = Field(description="trained on the synthetic campaign: for demonstration only")
    campaign: CampaignBrief


class FileStatus(_Body):
    """A file that is scored: how far it is, and what came out."""

    file_id: str
    name: str
    state: Literal["waiting", "scoring", "done", "failed"]
    received_at: datetime
    who: str
    day: date
    rows: int = Field(description="data rows of the file")
    done: int = Field(description="rows looked at")
    understood: list[str] = Field(default=[], description="how the list was read, in sentences")
    accepted: int = Field(description="rows that are scored; rows = accepted + rejected + duplicates")
    rejected: int = Field(description="rows that cannot be scored")
    duplicates: int = Field(default=0, description="rows of a client for whom a later row is scored")
    list_size: int = Field(default=1, description="clients on the whole list, which the model knows as a feature")
    list_size_from: str = Field(default="", description="where that size is known from")
    called: int = Field(default=0, description="rows at or above the threshold")
    problem: str = Field(default="", description="why it failed")
    model: ModelBrief | None = None
    threshold: float | None = None
    stale: bool = False


class FilePage(_Body):
    """Some of the caller's files, newest first."""

    files: list[FileStatus]
    next: str | None = Field(description="`cursor` of the next page; null on the last one")


class PredictionPage(_Body):
    """Some of the caller's predictions of a day, as they are on record."""

    predictions: list[PredictionRecord]
    next: str | None = Field(
        description="`cursor` of the next page; null on the last one. A page may be short and not the last"
    )


class Health(_Body):
    """The process is alive."""

    status: Literal["alive"]


class Ready(_Body):
    """A model is loaded; `problem` says why the last look at the registry failed, when it did."""

    status: Literal["ready"]
    model: ModelBrief
    loaded_at: datetime
    model_age_days: float = Field(description="since the version was registered")
    checked_at: datetime
    problem: str
    campaign: CampaignBrief
