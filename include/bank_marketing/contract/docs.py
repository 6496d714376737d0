"""The contract as a page for people."""

from __future__ import annotations

from bank_marketing.contract.model import Contract


def contract_table(contract: Contract) -> str:
    """The whole contract in Markdown: columns, row rules, batch rules."""
    lines = [
        f"# Data contract `{contract.name}`, version {contract.version}",
        "",
        f"Generated from `contract.yaml` by `bank-marketing contract`. Source: {contract.source}.",
        "",
        "| column | in the file | type | allowed | known | on breach | meaning |",
        "|---|---|---|---|---|---|---|",
    ]
    for column in contract.columns:
        known = (
            "after the call"
            if column.phase == "after_call"
            else "published later"
            if column.published_later
            else "before the call"
        )
        breach = "quarantined" if column.severity == "critical" else "warned"
        if column.bounds != (column.min, column.max):
            breach += f"; quarantined unless {column.possible}"
        allowed = column.allowed.replace("|", "\\|")
        lines.append(
            f"| {column.name} | {column.source_name} | {column.type} | {allowed} | {known} | {breach} | {column.description} |"
        )
    lines += ["", "## Rules between the columns of a row", "", "| rule | on breach | meaning |", "|---|---|---|"]
    lines += [
        f"| {rule.name} | {'quarantined' if rule.severity == 'critical' else 'warned'} | {rule.description} |"
        for rule in contract.row_rules
    ]
    lines += ["", "## Rules of a month of rows", "", "| rule | on breach | allowed | meaning |", "|---|---|---|---|"]
    lines += [
        f"| {rule.name} | {_stops(rule.severity)} | {rule.min:g}..{rule.max:g} | {rule.description} |"
        for rule in contract.batch_rules
    ]
    return "\n".join(lines) + "\n"


def _stops(severity: str) -> str:
    return "the run stops" if severity == "critical" else "warned"
