"""What the API takes and gives, of any campaign; what a campaign adds is in `bodies.py`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bank_marketing.lists.entities import LARGEST_LIST
from bank_marketing.scoring.predictions import PredictionRecord

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

    prospect: Any = Field(description="of the campaign's own model")
    day: date | None = _DAY
    list_size: int | None = _LIST_SIZE


class BatchRequest(_Body):
    """Several clients to score; one that cannot be accepted refuses the batch."""

    prospects: list[Any] = Field(min_length=1, description="of the campaign's own model")
    day: date | None = _DAY
    list_size: int | None = _LIST_SIZE


class ReasonBody(_Body):
    """What pushed a probability up or down, against the average client of the training data."""

    feature: str
    value: str
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
    probability: float = Field(ge=0, le=1, description="of a success")
    decision: bool = Field(description="true: call")
    expected_profit: float = Field(description="of the call, in the campaign's currency")
    reasons: list[ReasonBody]


class PredictionResponse(PredictionBody):
    """One prediction, with what it was made from."""

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
