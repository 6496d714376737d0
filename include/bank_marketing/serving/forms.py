"""The form of a prospect, made from the data contract: groups, labels, choices, defaults; and what was filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel, ValidationError

from bank_marketing.contract import Contract
from bank_marketing.contract.model import Column
from bank_marketing.serving.model_cache import Campaign
from bank_marketing.serving.problems import FieldProblem, field_problems

#: Groups of the form: role in the contract, title, what it is.
GROUPS = (
    ("client", "The client", "Who we may call."),
    ("history", "Earlier campaigns", "What we know from earlier calls."),
    ("call", "This call", "How, and how often, in this campaign."),
    ("macro", "Market", "Filled in with the values of the last contact day. Change them only when you know better."),
)

#: A day further ahead than a month has seldom a list yet: a year that was mistyped.
_USUAL_DAYS = 31


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


@dataclass(frozen=True)
class FormSubmission:
    """A form that was sent: the prospect, or what is wrong with it."""

    row: dict[str, Any] | None
    day: date | None
    sure: bool = False
    errors: tuple[FieldProblem, ...] = ()


@dataclass(frozen=True)
class ProspectForm:
    """The form of a campaign's prospect.

    Attributes:
        contract: of the campaign.
        prospect: its model of a prospect (`contract.request.prospect_model`), by which a form is checked.
    """

    contract: Contract
    prospect: type[BaseModel]

    def groups(self, campaign: Campaign | None, given: Mapping[str, str] | None = None) -> list[FormGroup]:
        """The form's groups: with what was given, else the contract's defaults, else the market of the last contact day."""
        market = campaign.market if campaign else {}
        groups = []
        for role, title, description in GROUPS:
            roles = {role, "identifier"} if role == GROUPS[0][0] else {role}
            columns = [column for column in self.contract.prospect_columns if column.role in roles and not column.derived]
            fields = tuple(_field(column, market, given or {}) for column in columns)
            groups.append(FormGroup(role, title, description, fields))
        return groups

    def read(self, given: Mapping[str, str], prefix: str = "") -> FormSubmission:
        """Check what was filled in. `prefix` stands before the names of the fields."""
        names = [column.name for column in self.contract.prospect_columns if not column.derived]
        cells = {name: given[prefix + name].strip() for name in names if given.get(prefix + name, "").strip()}
        errors: list[FieldProblem] = []
        day = None
        if given.get("day"):
            try:
                day = date.fromisoformat(given["day"])
            except ValueError:
                errors.append(FieldProblem(field="day", problem="is no date"))
        try:
            row = self.prospect.model_validate(cells).model_dump()
        except ValidationError as error:
            found = field_problems(error.errors(include_input=False, include_url=False))
            return FormSubmission(None, day, errors=tuple(errors + found))
        return FormSubmission(None if errors else row, day, given.get("sure") == "yes", tuple(errors))

    def with_followers(self, given: Mapping[str, str], base: FormSubmission) -> tuple[dict[str, str], dict[str, str]]:
        """A changed form in which fields follow that a changed one leaves no choice, and those fields with their new values.

        Where a change breaks a rule between columns, one of the rule's other columns that was not changed takes the first value that
        keeps it.
        """
        form = dict(given)
        if base.row is None or self.read(form).row is not None:
            return form, {}
        changed = {
            name for name, value in base.row.items() if form.get(name, "").strip() != ("" if value is None else f"{value}")
        }
        for rule in self.contract.row_rules:
            if rule.severity != "critical" or not changed & set(rule.columns):
                continue
            for name in rule.columns:
                for value in _candidates(self.contract[name]) if name not in changed else ():
                    if self.read(form | {name: value}).row is not None:
                        return form | {name: value}, {name: value}
        return form, {}


def _field(column: Column, market: Mapping[str, float], given: Mapping[str, str]) -> FormField:
    default = column.default if column.default is not None else market.get(column.name, "")
    value = given.get(
        column.name, f"{default:g}" if isinstance(default, float) and default == round(default, 4) else str(default)
    )
    return FormField(
        name=column.name,
        title=column.title,
        description=column.description,
        kind="choice" if column.categories else "text" if column.type == "string" else column.type,
        value=value,
        choices=tuple((category, column.label(category)) for category in column.categories),
        # Ranges whose breach only warns at ingestion do not stop a form either.
        low=f"{column.min:g}" if column.min is not None and column.severity == "critical" else "",
        high=f"{column.max:g}" if column.max is not None and column.severity == "critical" else "",
        unit="" if column.unit in column.title.lower() else column.unit,
    )


def _candidates(column: Column) -> list[str]:
    """Values that a column may take when it has to follow: its default, its categories, its least numbers."""
    if column.categories:
        return list(column.categories)
    low = column.min or 0
    return [f"{value:g}" for value in (column.default, low, low + 1) if isinstance(value, int | float)]


def day_question(campaign: Campaign, day: date) -> str:
    """What is asked back of a day on which nobody expects calls; nothing of a usual one."""
    doubts = [doubt] if (doubt := campaign.calendar.why_not(day)) else []
    if (ahead := campaign.age_days(day)) > _USUAL_DAYS:
        doubts.append(f"is {ahead:,} days after {campaign.state.last_contact_day}, the last contact day that is known")
    return f"{day} {'; it '.join(doubts)}. If it is meant, tick “Yes, this day” and send again" if doubts else ""
