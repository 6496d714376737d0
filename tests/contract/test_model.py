"""What the contract's digest stands for, and which contracts are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from bank_marketing.campaign.reading import YamlFile
from bank_marketing.contract import Contract
from bank_marketing.errors import ConfigError
from tests.support.campaign import CONTRACT

FILE = Path(__file__).parents[2] / "include" / "campaigns" / "bank_marketing" / "contract.yaml"

Change = Callable[[dict[str, Any]], object]


def changed(change: Change) -> Contract:
    content = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    change(content)
    return Contract.model_validate(content)


def column(content: dict[str, Any], name: str) -> dict[str, Any]:
    return next(entry for entry in content["columns"] if entry["name"] == name)


def rule(content: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    return next(entry for entry in content[kind] if entry["name"] == name)


MATTERS: dict[str, Change] = {
    "a row rule": lambda c: rule(c, "row_rules", "success_has_a_date").update(
        expression="poutcome <> 'success' OR pdays < 998"
    ),
    "a row rule's severity": lambda c: rule(c, "row_rules", "success_has_a_date").update(severity="critical"),
    "a row rule less": lambda c: c["row_rules"].pop(),
    "a batch rule": lambda c: rule(c, "batch_rules", "rows_a_day").update(max=49_999),
    "a range": lambda c: column(c, "age").update(max=111),
    "a category": lambda c: column(c, "job")["categories"].append("pilot"),
    "a pattern": lambda c: column(c, "contact_id").update(pattern="[A-Z]{2,31}"),
    "a severity": lambda c: column(c, "emp_var_rate").update(severity="critical"),
    "a share": lambda c: column(c, "job").update(max_unknown_share=0.26),
    "the phase": lambda c: column(c, "duration").update(phase="before_call"),
    "what success is": lambda c: column(c, "y").update(positive="no"),
    "the delimiter": lambda c: c.update(delimiter=","),
    "a column less": lambda c: c["columns"].remove(column(c, "marital")),
}
WORDS: dict[str, Change] = {
    "a title": lambda c: column(c, "age").update(title="Years"),
    "a description": lambda c: rule(c, "row_rules", "success_has_a_date").update(description="other words"),
    "the value of a form": lambda c: column(c, "age").update(default=50),
    "what success is, said aloud": lambda c: column(c, "y").update(positive="yes"),
    "the source": lambda c: c.update(source="elsewhere"),
}


@pytest.mark.parametrize("change", MATTERS.values(), ids=MATTERS)
def test_what_decides_about_rows_changes_the_digest(change: Change) -> None:
    assert changed(change).digest != CONTRACT.digest


@pytest.mark.parametrize("change", WORDS.values(), ids=WORDS)
def test_words_for_people_do_not(change: Change) -> None:
    assert changed(change).digest == CONTRACT.digest


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: column(c, "y").update(positive="ja"), "column y: .* 'ja', is one of them"),
        (lambda c: column(c, "y").update(categories=["yes"]), "column y: an outcome has categories"),
        (lambda c: column(c, "age").update(categories=["1"]), "column age: a number has no categories"),
        (lambda c: column(c, "job").update(max=1), "column job: a string has no range"),
        (lambda c: column(c, "job").update(default="pilot"), "column job: default 'pilot'"),
        (lambda c: column(c, "job").update(name="age"), "declared twice: age"),
        (
            lambda c: rule(c, "row_rules", "success_has_a_date").update(columns=["pdays", "puutcome"]),
            "undeclared columns: puutcome",
        ),
    ],
)
def test_a_contract_that_contradicts_itself_is_refused(tmp_path: Path, change: Change, says: str) -> None:
    content = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    change(content)
    path = tmp_path / "contract.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(ConfigError, match=says):
        YamlFile(path).parse(Contract)
