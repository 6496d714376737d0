"""The page of the contract."""

from __future__ import annotations

from bank_marketing.contract.docs import contract_table
from bank_marketing.settings import PROJECT_DIR
from tests.support.campaign import CONTRACT


def test_docs_contract_md_is_in_step_with_the_contract() -> None:
    page = (PROJECT_DIR / "docs" / "contract.md").read_text(encoding="utf-8")
    assert page == contract_table(CONTRACT), "run `bank-marketing contract > docs/contract.md`"


def test_every_column_and_rule_is_there() -> None:
    contract, lines = CONTRACT, contract_table(CONTRACT).splitlines()
    first_cells = {line.split("|")[1].strip() for line in lines if line.startswith("|")}
    declared = [*contract.columns, *contract.row_rules, *contract.batch_rules]
    assert {entry.name for entry in declared} <= first_cells


def test_every_row_of_a_table_has_as_many_cells_as_its_head() -> None:
    width = 0
    for line in contract_table(CONTRACT).splitlines():
        cells = line.replace("\\|", "").count("|")
        width = 0 if not line.startswith("|") else width or cells
        assert cells == width
