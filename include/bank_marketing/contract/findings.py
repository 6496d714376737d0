"""What validation finds: one entry for each broken rule and batch, for the machine and for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from bank_marketing.contract.model import Contract


class Finding(TypedDict):
    """A broken rule in one batch (chunk) of rows."""

    rule: str
    severity: str
    column: str
    chunk: str
    rows: int
    unexpected: int
    observed: str
    allowed: str
    days: list[str]
    examples: list[str]


def sentence(finding: Finding) -> str:
    """A finding for people: rule, batch, observed and allowed, rows, days, some contacts."""
    days, examples = finding["days"], finding["examples"]
    shown = ", ".join(days[:3]) + (f" and {len(days) - 3} more days" if len(days) > 3 else "")
    count = f"{finding['unexpected']} of {finding['rows']} rows" if finding["unexpected"] else f"{finding['rows']} rows"
    about_rows = finding["rows"] > 0 or bool(days)
    return (
        f"{finding['rule']} in {finding['chunk']}: observed {finding['observed']}, allowed {finding['allowed']}"
        + (f"; {count}" if about_rows else "")
        + (f" on {shown}" if days else "")
        + (f" (contacts {', '.join(examples)})" if examples else "")
    )


def empty_days(contract: Contract, chunk: str, days: Sequence[str]) -> list[Finding]:
    """The volume rules that days without any clean row break: no row is left that an expectation could look at."""
    rules = [rule for rule in contract.batch_rules if rule.measure == "rows_per_day" and rule.min > 0 and days]
    return [
        Finding(
            rule=rule.name,
            severity=rule.severity,
            column="contact_date",
            chunk=chunk,
            rows=0,
            unexpected=0,
            observed="0",
            allowed=f"{rule.min:g}..{rule.max:g} ({rule.description})",
            days=list(days),
            examples=[],
        )
        for rule in rules
    ]
