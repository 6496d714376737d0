"""What the API takes and gives that is the campaign's own: the prospect of its contract, and examples in its words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, create_model

from bank_marketing.campaign.features import GAP, LIST_SIZE, FeatureSpec
from bank_marketing.campaign.model import Campaign
from bank_marketing.campaign.wording import describe
from bank_marketing.contract.request import example_prospect, prospect_model
from bank_marketing.serving.schemas import BatchRequest, PredictionRequest, PredictionResponse

Model = TypeVar("Model", bound=BaseModel)

#: Day of the calls and clients on its list of the example.
_DAY, _SIZE = date(2026, 7, 1), 17

#: Each trailing count of the example's campaign.
_COUNTS = {"contacts": 40, "conversions": 18}

#: Effects of the example's reasons, in log-odds.
_EFFECTS = (1.08, 0.67)


@dataclass(frozen=True)
class Bodies:
    """Models of one campaign.

    Attributes:
        prospect: a client who may be called, as known before the call.
        one: a request for one client.
        several: a request for several.
        answer: the answer for one, with an example.
    """

    prospect: type[BaseModel]
    one: type[PredictionRequest]
    several: type[BatchRequest]
    answer: type[PredictionResponse]


def bodies_of(campaign: Campaign) -> Bodies:
    """The models of a campaign, whose schemas and examples come from its contract and features."""
    prospect: Any = prospect_model(campaign.contract)
    example = example_prospect(campaign.contract)
    extra = ConfigDict(json_schema_extra={"examples": [example_answer(campaign)]})
    listed = (list[prospect], Field(min_length=1, examples=[[example]]))
    return Bodies(
        prospect=prospect,
        one=_like(PredictionRequest, prospect=(prospect, Field(examples=[example]))),
        several=_like(BatchRequest, prospects=listed),
        # A base's settings are inherited only by a class that is written out.
        answer=type(
            "PredictionResponse", (PredictionResponse,), {"model_config": extra, "__doc__": PredictionResponse.__doc__}
        ),
    )


def _like(base: type[Model], **fields: Any) -> type[Model]:
    """A model with some fields of the campaign, under the name of its base."""
    made: type[Model] = create_model(base.__name__, __base__=base, __doc__=base.__doc__, **fields)
    return made


def example_answer(campaign: Campaign) -> dict[str, Any]:
    """What the service may answer for the example client: figures are made up, words are the campaign's."""
    prospect = example_prospect(campaign.contract)
    known = (_DAY - timedelta(days=1)).isoformat()
    reasons = []
    for group, effect in zip(_groups(campaign.features), _EFFECTS, strict=False):
        value, text = describe(campaign.features, group, _row(campaign, prospect))
        reasons.append({"feature": group, "value": value, "effect": effect, "text": text})
    return {
        "prediction_id": f"{known}-f855f098b4627194-0",
        "contact_id": prospect[campaign.contract.identifier.name],
        "probability": 0.75,
        "decision": True,
        "expected_profit": 22.0,
        "reasons": reasons,
        "day": _DAY.isoformat(),
        "list_size": _SIZE,
        "list_size_from": f"the call list of {_DAY}",
        "threshold": 0.23,
        "model": {"version": 1, "digest": "a98d5e49" * 8, "trained_through": known},
        "campaign": {
            "as_of": known,
            "last_contact_day": known,
            "age_days": 1,
            "stale": False,
            "features_digest": "27a21ba2" * 8,
        },
    }


def _groups(spec: FeatureSpec) -> list[str]:
    """What the example's reasons speak of: the first number of each block that is read, else the first columns of categories."""
    blocks = [spec.blocks[name] for name in spec.sets[spec.default_set]]
    return list(dict.fromkeys([spec.groups[next(iter(block))] for block in blocks if block] + list(spec.categories)))


def _row(campaign: Campaign, prospect: dict[str, Any]) -> dict[str, Any]:
    """A row of the features table of the example client on the example day."""
    counts = {count.name: _COUNTS[count.of] for count in campaign.features.counts}
    return prospect | campaign.contract.derived_values(_DAY) | counts | {LIST_SIZE: _SIZE, GAP: 1}
