"""The form of a prospect, made from the data contract: groups, labels, choices, defaults; and what was filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import ValidationError

from bank_marketing.contract import Contract
from bank_marketing.contract.model import Column
from bank_marketing.serving.model_cache import Campaign
from bank_marketing.serving.problems import FieldProblem, field_problems
from bank_marketing.serving.schemas import Prospect

#: Groups of the form: role in the contract, title, what it is.
GROUPS = (
    ("client", "The client", "Who we may call."),
    ("history", "Earlier campaigns", "What we know from earlier calls."),
    ("call", "This call", "How, and how often, in this campaign."),
    ("macro", "Market", "FormSubmission in with the values of the last contact day. Change them only when you know better."),
)

#: Words for categories that are codes; the others are written as they are, with spaces and a capital.
WORDS = {
    "admin.": "Administration",
    "basic.4y": "Basic, 4 years",
    "basic.6y": "Basic, 6 years",
    "basic.9y": "Basic, 9 years",
    "nonexistent": "No earlier campaign",
    "self-employed": "Self-employed",
    "blue-collar": "Blue-collar",
}


@dataclass(frozen=True)
class FormField:
    """One field as the page shows it."""

    name: str
    title: str
    description: str
    kind: str
    value: str
    choices: tuple[tuple[str, str], ...] = ()
    low: str = ""
    high: str = ""
    unit: str = ""


@dataclass(frozen=True)
class FormGroup:
    """Fields that belong together."""

    role: str
    title: str
    description: str
    fields: tuple[FormField, ...]


def words(value: str) -> str:
    """A category in plain words."""
    spaced = value.replace(".", " ").strip()
    return WORDS.get(value, spaced[:1].upper() + spaced[1:])


def form_groups(contract: Contract, campaign: Campaign | None, given: Mapping[str, str] | None = None) -> list[FormGroup]:
    """The form's groups: with what was given, else the contract's defaults, else the market of the last contact day."""
    market = campaign.market if campaign else {}
    groups = []
    for role, title, description in GROUPS:
        columns = [column for column in contract.attributes if column.role == role and not column.derived]
        fields = tuple(_field(column, market, given or {}) for column in columns)
        groups.append(FormGroup(role, title, description, fields))
    return groups


def _field(column: Column, market: Mapping[str, float], given: Mapping[str, str]) -> FormField:
    default = column.default if column.default is not None else market.get(column.name, "")
    value = given.get(
        column.name, f"{default:g}" if isinstance(default, float) and default == round(default, 4) else str(default)
    )
    return FormField(
        name=column.name,
        title=column.title,
        description=column.description,
        kind="choice" if column.categories else column.type,
        value=value,
        choices=tuple((category, words(category)) for category in column.categories),
        # Ranges whose breach only warns at ingestion do not stop a form either.
        low=f"{column.min:g}" if column.min is not None and column.severity == "critical" else "",
        high=f"{column.max:g}" if column.max is not None and column.severity == "critical" else "",
        unit="" if column.unit in column.title.lower() else column.unit,
    )


@dataclass(frozen=True)
class FormSubmission:
    """A form that was sent: the prospect, or what is wrong with it."""

    row: dict[str, Any] | None
    day: date | None
    errors: tuple[FieldProblem, ...] = ()


def read_form(given: Mapping[str, str], contract: Contract, prefix: str = "") -> FormSubmission:
    """Check what was filled in. `prefix` stands before the names of the fields."""
    names = [column.name for column in contract.prospect_columns if not column.derived]
    cells = {name: given[prefix + name].strip() for name in names if given.get(prefix + name, "").strip()}
    errors: list[FieldProblem] = []
    day = None
    if given.get("day"):
        try:
            day = date.fromisoformat(given["day"])
        except ValueError:
            errors.append(FieldProblem(field="day", problem="is no date"))
    try:
        row = Prospect.model_validate(cells).model_dump()
    except ValidationError as error:
        found = field_problems(error.errors(include_input=False, include_url=False))
        return FormSubmission(None, day, tuple(errors + found))
    return FormSubmission(None if errors else row, day, tuple(errors))
