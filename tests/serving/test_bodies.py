"""Models and examples of the API are those of the campaign that a service serves; two of them stand side by side in one process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from bank_marketing.campaign import load_campaign
from bank_marketing.serving.app import create_app
from bank_marketing.serving.bodies import bodies_of, example_answer
from bank_marketing.serving.settings import ApiSettings
from bank_marketing.settings import Settings

BOTH = ("bank_marketing", "bank_full")


def document(campaign: str) -> dict[str, Any]:
    api = ApiSettings(session_secret=SecretStr("nobody signs in here"))
    return create_app(Settings(home=Path("nowhere"), campaign=campaign), api).openapi()


@pytest.mark.parametrize("name", BOTH)
def test_the_example_answer_is_one_that_the_campaign_could_give(name: str) -> None:
    campaign = load_campaign(name)
    answer = bodies_of(campaign).answer.model_validate(example_answer(campaign))
    assert answer.decision == (answer.probability >= answer.threshold)
    assert [reason.feature for reason in answer.reasons] == ["age", "recent_conversion"]
    assert answer.reasons[1].text == "The campaign converted 45 % over the last 5 days"


def test_each_document_speaks_of_its_own_campaign() -> None:
    ours, sibling = (document(name) for name in BOTH)
    for made, own, foreign in ((ours, "euribor3m", "balance"), (sibling, "balance", "euribor3m")):
        schemas = made["components"]["schemas"]
        assert own in schemas["Prospect"]["required"]
        assert foreign not in schemas["Prospect"]["properties"]
        assert own in schemas["PredictionRequest"]["properties"]["prospect"]["examples"][0]
        assert own in schemas["BatchRequest"]["properties"]["prospects"]["examples"][0][0]
        assert schemas["PredictionResponse"]["examples"][0]["model"]["trained_through"] == "2026-06-30"
        assert foreign not in json.dumps(made)
        assert "a call (`duration`, `y`) is refused" in made["info"]["description"]


def test_a_request_of_one_campaign_is_none_of_another() -> None:
    ours, sibling = (load_campaign(name) for name in BOTH)
    asked = {
        "prospect": document(sibling.name)["components"]["schemas"]["PredictionRequest"]["properties"]["prospect"]["examples"][
            0
        ]
    }
    assert bodies_of(sibling).one.model_validate(asked).prospect.balance is not None
    with pytest.raises(ValidationError, match="balance"):
        bodies_of(ours).one.model_validate(asked)
