"""Row rules are refused when the contract is loaded, and mean the same in SQLite as in Spark."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pyspark.sql import SparkSession

from bank_marketing.campaign.reading import YamlFile
from bank_marketing.contract import Contract
from bank_marketing.contract.row_rules import holds
from bank_marketing.errors import ConfigError
from tests.support.campaign import CONTRACT

FOLDER = Path(__file__).parents[2] / "include" / "campaigns"


def contract_with(tmp_path: Path, expression: str, columns: list[str], severity: str = "critical") -> Path:
    content = yaml.safe_load((FOLDER / "bank_marketing" / "contract.yaml").read_text(encoding="utf-8"))
    rule = {"name": "odd", "severity": severity, "expression": expression, "columns": columns, "description": "odd"}
    content["row_rules"].append(rule)
    path = tmp_path / "contract.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("expression", "columns", "says"),
    [
        ("job rlike '^a'", ["job"], r"row rule odd \(job rlike '\^a'\) cannot be asked about a single client: SQLite says"),
        ("array_contains(array('a'), job)", ["job"], "SQLite says no such function"),
        ("previous >", ["previous"], "SQLite says"),
        ("previous > earlier", ["previous"], "reads earlier, which is not a column of the contract"),
        ("previous > campaign", ["previous"], "reads campaign, which is not in its columns"),
        ("month = day_of_weak", ["month"], "reads day_of_weak, which is not a column of the contract"),
    ],
)
def test_a_rule_that_an_engine_cannot_run_is_refused_by_name(
    tmp_path: Path, expression: str, columns: list[str], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        YamlFile(contract_with(tmp_path, expression, columns)).parse(Contract)


@pytest.mark.parametrize(
    ("expression", "columns", "severity"),
    [
        ("month rlike '^[a-z]+$'", ["month"], "critical"),  # follows from the date: nobody is asked for it
        ("job rlike '^[a-z]'", ["job"], "warning"),
        ("duration > 0 OR y = 0", ["duration", "y"], "critical"),
        ("age > 17 AND previous IS NOT NULL", ["age", "previous"], "critical"),
    ],
)
def test_a_rule_that_its_engines_can_run_is_taken(tmp_path: Path, expression: str, columns: list[str], severity: str) -> None:
    assert YamlFile(contract_with(tmp_path, expression, columns, severity)).parse(Contract).row_rules[-1].name == "odd"


RULES = (
    "(n = 0) = (word = 'none')",
    "word <> 'yes' OR n < 999",
    "n / 2 > 0.5",
    "word LIKE 'Y%'",
    "n BETWEEN 1 AND 2 OR word IS NULL",
    "CASE WHEN n > 1 THEN share < 0.5 ELSE true END",
    "abs(share) <= 1 AND NOT word IN ('no', 'none')",
    "coalesce(n, 5) > 4",
    "n % 2 = 0",
)


def test_a_rule_means_the_same_in_both_engines(spark: SparkSession) -> None:
    rows = [
        (n, share, word) for n in (None, 0, 1, 2, 999) for share in (None, 0.5, -1.5) for word in (None, "yes", "Yes", "none")
    ]
    values = ", ".join(
        f"({'NULL' if n is None else n}, {'NULL' if share is None else f'{share}D'}, {'NULL' if word is None else repr(word)})"
        for n, share, word in rows
    )
    named = ", ".join(f"coalesce({rule}, true)" for rule in RULES)
    query = f"SELECT n, share, word, array({named}) AS held FROM VALUES {values} AS t(n, share, word)"
    for n, share, word, held in spark.sql(query).collect():
        row = (n, None if share is None else float(share), word)
        asked = {rule: holds(rule, ("n", "share", "word"), row) for rule in RULES}
        assert dict(zip(RULES, held, strict=True)) == asked, row


def test_the_rules_of_all_shipped_campaigns_are_read_by_spark(spark: SparkSession) -> None:
    """Whoever changes one finds out here: Spark itself is not there when a contract is loaded."""
    from bank_marketing.contract.spark import clean_schema

    contracts = [YamlFile(path).parse(Contract) for path in sorted(FOLDER.glob("*/contract.yaml"))]
    assert CONTRACT.name in {contract.name for contract in contracts}
    for contract in contracts:
        empty = spark.createDataFrame([], clean_schema(contract.columns))
        assert [kind for _, kind in empty.selectExpr(*(rule.expression for rule in contract.row_rules)).dtypes] == [
            "boolean"
        ] * len(contract.row_rules)
