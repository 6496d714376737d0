"""The example client of documents and the service's own test is the contract's, and the contract accepts it."""

from __future__ import annotations

import pytest

from bank_marketing.campaign import load_campaign
from bank_marketing.contract.request import example_prospect, prospect_model
from tests.support.campaign import CONTRACT


@pytest.mark.parametrize("campaign", ["bank_marketing", "bank_full"])
def test_the_contract_accepts_its_own_example(campaign: str) -> None:
    contract = load_campaign(campaign).contract
    example = example_prospect(contract)
    accepted = prospect_model(contract).model_validate(example).model_dump()
    assert {name: accepted[name] for name in example} == example
    assert list(example) == [column.name for column in contract.prospect_columns if not column.derived]


def test_an_example_goes_before_the_default_and_changes_no_digest() -> None:
    assert (CONTRACT["job"].default, example_prospect(CONTRACT)["job"]) == ("admin.", "retired")
    bare = CONTRACT.model_copy(update={"columns": tuple(one.model_copy(update={"example": None}) for one in CONTRACT.columns)})
    assert example_prospect(bare)["job"] == "admin."
    assert bare.digest == CONTRACT.digest
