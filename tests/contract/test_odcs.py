"""The contract in the Open Data Contract Standard: what the standard's own JSON schema accepts, and with everything in it.

odcs-3.1.0.schema.json is the standard's (bitol.io, Apache 2.0), without its line breaks.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft201909Validator
from typer.testing import CliRunner

from bank_marketing.campaign import load_campaign
from bank_marketing.cli import app
from bank_marketing.contract.odcs import odcs

SCHEMA = json.loads((Path(__file__).parent / "odcs-3.1.0.schema.json").read_text(encoding="utf-8"))


def document(name: str) -> dict[str, Any]:
    campaign = load_campaign(name)
    found: dict[str, Any] = yaml.safe_load(odcs(campaign.contract, campaign.name, campaign.presentation.title))
    return found


@pytest.mark.parametrize("name", ["bank_marketing", "bank_full"])
def test_the_standard_accepts_it(name: str) -> None:
    found = document(name)
    validator = Draft201909Validator(SCHEMA)
    assert [error.message for error in validator.iter_errors(found)] == []
    broken = found | {"schema": [found["schema"][0] | {"properties": [{"logicalType": "text"}]}]}
    assert list(validator.iter_errors(broken)), "the schema refuses what is wrong"


@pytest.mark.parametrize("name", ["bank_marketing", "bank_full"])
def test_every_column_and_every_rule_is_in_it(name: str) -> None:
    contract = load_campaign(name).contract
    table = document(name)["schema"][0]
    assert [entry["name"] for entry in table["properties"]] == [column.name for column in contract.columns]
    assert [entry["physicalName"] for entry in table["properties"]] == [column.source_name for column in contract.columns]
    rules = [rule.name for rule in (*contract.row_rules, *contract.batch_rules)]
    assert [entry["name"] for entry in table["quality"]] == rules
    for entry, column in zip(table["properties"], contract.columns, strict=True):
        values = [rule["arguments"]["validValues"] for rule in entry.get("quality", []) if rule["type"] == "library"]
        assert values == ([list(column.categories)] if column.categories else [])
        assert {"property": "phase", "value": column.phase} in entry["customProperties"]


def test_a_number_has_its_range_and_an_identifier_its_pattern() -> None:
    properties = {entry["name"]: entry for entry in document("bank_full")["schema"][0]["properties"]}
    assert properties["pdays"]["logicalTypeOptions"] == {"minimum": -1, "maximum": 3650}
    assert properties["contact_id"]["logicalTypeOptions"] == {"pattern": "^(?:[A-Z][A-Z0-9-]{1,31})$"}
    assert properties["balance"]["logicalType"] == "integer"
    assert document("bank_full")["id"] == "bank_full"
    assert document("bank_full")["version"] == "1"


def test_the_command_prints_it_and_refuses_another_format() -> None:
    printed = CliRunner().invoke(app, ["contract", "--format", "odcs"])
    assert yaml.safe_load(printed.stdout) == document("bank_marketing")
    refused = CliRunner().invoke(app, ["contract", "--format", "xml"])
    assert refused.exit_code != 0
