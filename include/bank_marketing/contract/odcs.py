"""The contract in the words of the Open Data Contract Standard (ODCS, bitol.io), for catalogues and other tools."""

from __future__ import annotations

from typing import Any

import yaml

from bank_marketing.contract.model import BatchRule, Column, Contract, RowRule

API_VERSION = "v3.1.0"

#: Name of the landed files' table.
TABLE = "contacts"

_LOGICAL = {"integer": "integer", "double": "number", "string": "string"}
_PHYSICAL = {"integer": "int", "double": "double", "string": "string"}
_SEVERITY = {"critical": "error", "warning": "warning"}


def odcs(contract: Contract, campaign: str, title: str) -> str:
    """The contract as YAML of ODCS `API_VERSION`.

    What a landed row must hold is told as types, options and quality rules. The platform's own knowledge (role, phase, title, unit)
    goes into custom properties.

    Args:
        contract: of the campaign.
        campaign: its name: the id of the document, so that it stays the same through all versions.
        title: of the campaign, for people.
    """
    document = {
        "apiVersion": API_VERSION,
        "kind": "DataContract",
        "id": campaign,
        "name": contract.name,
        "version": str(contract.version),
        "status": "active",
        "description": {
            "purpose": title,
            "usage": "One row a call that was made, landed by contact day. Columns known only after the call are never features.",
        },
        "schema": [
            {
                "name": TABLE,
                "logicalType": "object",
                "physicalType": "csv",
                "description": contract.source,
                "properties": [_property(column, contract) for column in contract.columns],
                "quality": [_row_rule(rule) for rule in contract.row_rules]
                + [_batch_rule(rule) for rule in contract.batch_rules],
                "customProperties": _custom(
                    delimiter=contract.delimiter, quote=contract.quote, encoding=contract.encoding, digest=contract.digest
                ),
            }
        ],
    }
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
    return text


def _property(column: Column, contract: Contract) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": column.name,
        "physicalName": column.source_name,
        "businessName": column.title,
        "logicalType": _LOGICAL[column.type],
        "physicalType": _PHYSICAL[column.type],
        "description": column.description,
        "required": True,
        "unique": False,
    }
    if column.role == "identifier":
        found |= {"criticalDataElement": True}
    if options := _options(column):
        found["logicalTypeOptions"] = options
    if quality := _column_rules(column, contract.unknown):
        found["quality"] = quality
    found["customProperties"] = _custom(
        role=column.role,
        phase=column.phase,
        unit=column.unit,
        derivation=column.derivation,
        published_later=column.published_later,
    )
    return found


def _options(column: Column) -> dict[str, Any]:
    """Limits that the standard has for the type; those of a warning column are quality rules only."""
    if column.type == "string":
        return {"pattern": f"^(?:{column.pattern})$"} if column.pattern else {}
    if column.severity != "critical":
        return {}
    limits = {"minimum": column.min, "maximum": column.max}
    return {name: _number(value) for name, value in limits.items() if value is not None}


def _column_rules(column: Column, unknown: str) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = []
    if column.categories:
        rules.append(
            {
                "name": f"{column.name}_is_a_category",
                "type": "library",
                "metric": "invalidValues",
                "arguments": {"validValues": list(column.categories)},
                "mustBe": 0,
                "dimension": "conformity",
                "severity": _SEVERITY[column.severity],
            }
        )
    if column.type != "string" and column.severity == "warning" and (column.min is not None or column.max is not None):
        rules.append(_text(f"{column.name}_in_range", f"{column.allowed}", "warning", "conformity"))
    if column.max_unknown_share is not None:
        rules.append(
            _text(
                f"{column.name}_is_known",
                f"at most {column.max_unknown_share:.0%} of a month's rows are {unknown!r}",
                "warning",
                "completeness",
            )
        )
    return rules


def _row_rule(rule: RowRule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "description": rule.description,
        "type": "custom",
        "engine": "spark-sql",
        "implementation": rule.expression,
        "dimension": "consistency",
        "severity": _SEVERITY[rule.severity],
    }


def _batch_rule(rule: BatchRule) -> dict[str, Any]:
    measured = f"{rule.measure} of {rule.column}" if rule.column else rule.measure
    words = f"{rule.description} ({measured}: {rule.min:g} to {rule.max:g})"
    return _text(rule.name, words, rule.severity, "coverage")


def _text(name: str, description: str, severity: str, dimension: str) -> dict[str, Any]:
    return {"name": name, "type": "text", "description": description, "dimension": dimension, "severity": _SEVERITY[severity]}


def _custom(**values: object) -> list[dict[str, Any]]:
    return [{"property": name, "value": value} for name, value in values.items() if value not in ("", False)]


def _number(value: float) -> int | float:
    return int(value) if float(value).is_integer() else value
