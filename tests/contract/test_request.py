"""The model of a prospect: what the contract allows before the call, and nothing else."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from bank_marketing.contract.request import prospect_model
from tests.support.campaign import CONTRACT
from tests.support.landed import Row, contact

Prospect = prospect_model(CONTRACT)


@pytest.fixture
def row() -> Row:
    whole = contact(1, date(2010, 6, 30))
    return {name: whole[name] for name in (column.name for column in CONTRACT.prospect_columns)}


def refusal(row: Row) -> str:
    with pytest.raises(ValidationError) as caught:
        Prospect.model_validate(row)
    return str(caught.value)


def test_a_prospect_of_the_contract_is_accepted_as_it_is(row: Row) -> None:
    assert Prospect.model_validate(row).model_dump() == row


def test_the_names_of_the_landed_files_are_accepted_too(row: Row) -> None:
    landed = {CONTRACT[name].source_name: value for name, value in row.items()}
    assert Prospect.model_validate(landed).model_dump() == row


def test_what_follows_from_the_date_may_be_left_out(row: Row) -> None:
    for name in ("contact_id", "month", "day_of_week"):
        del row[name]
    Prospect.model_validate(row)


@pytest.mark.parametrize("name", [column.name for column in CONTRACT.attributes if not column.derived])
def test_every_attribute_is_asked_for(row: Row, name: str) -> None:
    del row[name]
    assert "missing" in refusal(row)


def test_duration_is_refused_with_the_reason(row: Row) -> None:
    assert "Known only when the call is over, so never a feature (a leak)." in refusal(row | {"duration": 100})


def test_the_outcome_is_refused(row: Row) -> None:
    assert "y is not accepted" in refusal(row | {"y": "yes"})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"age": 16}, "greater than or equal to 17"),
        ({"age": 111}, "less than or equal to 110"),
        ({"age": 38.5}, "valid integer"),
        ({"job": "astronaut"}, "'technician'"),
        ({"euribor3m": float("nan")}, "finite number"),
        ({"contact_id": "c 1"}, "must be up to 32 letters, digits, full stops, hyphens or underscores"),
        ({"salary": 1}, "Extra inputs are not permitted"),
        ({"previous": 2}, "an earlier outcome needs an earlier contact; poutcome is nonexistent exactly when previous is 0"),
    ],
)
def test_what_the_contract_does_not_allow_is_refused(row: Row, changes: Row, told: str) -> None:
    assert told in refusal(row | changes)


@pytest.mark.parametrize("name", ["00001", "c-7", "C41183", "José.1_a", "Ж" * 32, "7"])
def test_identifiers_of_any_system_are_accepted(row: Row, name: str) -> None:
    assert Prospect.model_validate(row | {"contact_id": name}).contact_id == name


@pytest.mark.parametrize("name", ["", "-1", "=1+1", "\uff1d1+1", "@a", "<b>", "a b", "a;b", "a/b", "C" * 33, "C1\n"])
def test_identifiers_that_a_spreadsheet_or_a_path_may_misread_are_refused_in_words(row: Row, name: str) -> None:
    assert "the first a letter or digit" in refusal(row | {"contact_id": name})


def test_what_only_warns_at_ingestion_is_accepted(row: Row) -> None:
    Prospect.model_validate(row | {"emp_var_rate": 50.0})
    Prospect.model_validate(row | {"previous": 1, "poutcome": "success", "pdays": 999})


@pytest.mark.parametrize(("name", "accepted", "refused"), [("emp_var_rate", 210, 210.5), ("cons_price_idx", -320, -321),
                                                         ("cons_conf_idx", 2100, 1e308), ("nr_employed", 58_000, -1e308)])  # fmt: skip
def test_what_no_column_of_that_unit_can_hold_is_refused(row: Row, name: str, accepted: float, refused: float) -> None:
    Prospect.model_validate(row | {name: accepted})
    with pytest.raises(ValidationError):
        Prospect.model_validate(row | {name: refused})


def test_the_json_schema_describes_every_field() -> None:
    properties = Prospect.model_json_schema()["properties"]
    assert list(properties) == [column.name for column in CONTRACT.prospect_columns]
    assert all(field["title"] and field["description"] for field in properties.values())
    assert (properties["age"]["minimum"], properties["emp_var_rate"]["maximum"]) == (17, 210)  # what is refused, no more
    assert "Usually -10 to 10." in properties["emp_var_rate"]["description"]
    assert "Usually" not in properties["age"]["description"]
