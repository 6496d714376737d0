"""A list that cannot be read as a whole, in one sentence."""

from __future__ import annotations

from bank_marketing.errors import ContractViolation, ListTooLarge

#: How a person saves a list so that nothing has to be guessed.
SAVE_AS = 'In Excel: "Save as", type "CSV UTF-8" or "Excel workbook (.xlsx)"'


def refused(name: str, rule: str, found: str) -> ContractViolation:
    """The error of a list: `found` says what is wrong, and what to do."""
    return ContractViolation(f"{name} cannot be scored: {found}.", rule=rule, location=name)


def too_large(name: str, found: str) -> ListTooLarge:
    """The error of a list that is longer than the door takes."""
    return ListTooLarge(f"{name} cannot be scored: {found}.", rule="too_large", location=name)
