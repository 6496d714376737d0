"""The contract as objects: what a campaign's `contract.yaml` says, checked when it is read."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bank_marketing.contract.row_rules import refusal

Severity = Literal["critical", "warning"]


#: Categories of a text column that follows from the date; the day of the month is always a number.
PARTS = {"month": 12, "weekday": 7}


def in_words(code: str) -> str:
    """A code in plain words, with spaces and a capital: `old.client` is Old client."""
    spaced = code.replace(".", " ").strip()
    return spaced[:1].upper() + spaced[1:]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(_Entry):
    """One column: its type, what it may hold, and how bad it is when it does not."""

    name: str
    source: str = Field(default="", description="name in the landed file; the column's own name when empty")
    type: Literal["integer", "double", "string"]
    role: Literal["identifier", "client", "call", "history", "macro", "outcome"]
    phase: Literal["before_call", "after_call"]
    severity: Severity
    title: str
    description: str
    min: float | None = None
    max: float | None = None
    unit: str = ""
    categories: tuple[str, ...] = ()
    labels: dict[str, str] = Field(default_factory=dict, description="words for categories that are codes, for people")
    pattern: str = ""
    form: str = Field(default="", description="what the pattern allows, in words")
    never: float | None = Field(default=None, description="value that means never; people leave the cell empty, or write -1")
    max_unknown_share: float | None = Field(default=None, ge=0, le=1)
    default: int | float | str | None = None
    example: int | float | str | None = Field(
        default=None, description="value of the example client in documents [the default]"
    )
    derived: bool = Field(default=False, description="follows from the contact's date")
    derivation: Literal["", "month", "weekday", "day_of_month"] = Field(
        default="",
        description="which part of the date; a text column has one category a month from January, or a weekday from Monday",
    )
    published_later: bool = Field(default=False, description="not known on the day it describes")

    positive: str = Field(default="yes", description="of an outcome: the category that is a success, 1 in the clean zone")

    @model_validator(mode="after")
    def _consistent(self) -> Column:
        if self.role == "outcome" and (len(self.categories) < 2 or self.positive not in self.categories):
            raise ValueError(
                f"column {self.name}: an outcome has categories, and `positive`, {self.positive!r}, is one of them"
            )
        if self.type == "string" and (self.min is not None or self.max is not None):
            raise ValueError(f"column {self.name}: a string has no range")
        if self.type != "string" and self.categories:
            raise ValueError(f"column {self.name}: a number has no categories")
        if self.default is not None and self.categories and self.default not in self.categories:
            raise ValueError(f"column {self.name}: default {self.default!r} is not one of its categories")
        if unknown := sorted(set(self.labels) - set(self.categories)):
            raise ValueError(f"column {self.name}: labels for {', '.join(unknown)}, which are none of its categories")
        if self.derived != bool(self.derivation):
            raise ValueError(
                f"column {self.name}: `derived: true` and `derivation: month | weekday | day_of_month` go together"
            )
        if self.type == "string" and self.derivation and len(self.categories) != PARTS.get(self.derivation):
            raise ValueError(
                f"column {self.name}: a text column of the {self.derivation} needs one category for each, in order"
            )
        return self

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """Below and above these a row is refused: the range itself, or ten times its width beyond it where its breach only warns.

        A rate of 11 % may be unusual and true; 1e308 is of no unit.
        """
        if self.severity == "critical" or self.min is None or self.max is None:
            return self.min, self.max
        slack = 10 * (self.max - self.min)
        return self.min - slack, self.max + slack

    @property
    def possible(self) -> str:
        """The bounds in words."""
        low, high = self.bounds
        limits = [f"at least {low:g}"] * (low is not None) + [f"at most {high:g}"] * (high is not None)
        return " and ".join(limits) + (f" {self.unit}" if self.unit and limits else "")

    @property
    def source_name(self) -> str:
        """The column's name in a landed file."""
        return self.source or self.name

    def label(self, category: str) -> str:
        """A category for people: its label, else itself in plain words."""
        return self.labels.get(category, in_words(category))

    def derived_value(self, day: date) -> str | int:
        """What a derived column holds on `day`."""
        number = {"month": day.month, "weekday": day.isoweekday(), "day_of_month": day.day}[self.derivation]
        return self.categories[number - 1] if self.type == "string" else number

    @property
    def allowed(self) -> str:
        """What the column may hold, in words for messages and docs."""
        if self.categories:
            return " | ".join(self.categories)
        if self.pattern:
            return self.form or f"text like {self.pattern}"
        if self.min is None and self.max is None:
            return self.type
        return f"{self.type} {self.min:g}..{self.max:g}" + (f" {self.unit}" if self.unit else "")


class RowRule(_Entry):
    """What must hold between the columns of one row, as a Spark SQL expression."""

    name: str
    severity: Severity
    expression: str
    columns: tuple[str, ...]
    description: str


class BatchRule(_Entry):
    """What a measure of many rows must be: rows a day, distinct values a day of a column, or a column's mean."""

    name: str
    measure: Literal["rows_per_day", "values_per_day", "mean"]
    column: str = ""
    severity: Severity
    min: float
    max: float
    description: str


class Contract(_Entry):
    """The whole contract. `digest` changes when anything that matters to data changes."""

    name: str
    version: int
    source: str
    delimiter: str = Field(min_length=1, max_length=1)
    quote: str = Field(min_length=1, max_length=1)
    encoding: Literal["utf-8"]
    unknown: str
    columns: tuple[Column, ...]
    row_rules: tuple[RowRule, ...]
    batch_rules: tuple[BatchRule, ...] = ()

    @model_validator(mode="after")
    def _unique_names(self) -> Contract:
        names = [column.name for column in self.columns] + [rule.name for rule in self.row_rules]
        names += [rule.name for rule in self.batch_rules]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"declared twice: {', '.join(twice)}")
        unknown = {name for rule in self.row_rules for name in rule.columns}
        unknown = (unknown | {rule.column for rule in self.batch_rules if rule.column}) - set(names)
        if unknown:
            raise ValueError(f"rules use undeclared columns: {', '.join(sorted(unknown))}")
        return self

    @model_validator(mode="after")
    def _rules_that_run(self) -> Contract:
        names = {column.name for column in self.columns}
        single = {rule.name for rule in self.prospect_rules}
        for rule in self.row_rules:
            if why := refusal(rule.expression, rule.columns, names, single=rule.name in single):
                raise ValueError(f"row rule {rule.name} ({rule.expression}) {why}")
        return self

    def __getitem__(self, name: str) -> Column:
        """The column called `name`; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def identifier(self) -> Column:
        """The column that identifies a contact."""
        return next(column for column in self.columns if column.role == "identifier")

    @property
    def outcome(self) -> Column:
        """The column that says what the call brought."""
        return next(column for column in self.columns if column.role == "outcome")

    @property
    def prospect_columns(self) -> tuple[Column, ...]:
        """Columns of a call list: what is known before the call."""
        return tuple(column for column in self.columns if column.phase == "before_call")

    @property
    def prospect_rules(self) -> tuple[RowRule, ...]:
        """Rules that a single client is held to: over columns that whoever asks has to give."""
        given = {column.name for column in self.prospect_columns if not column.derived}
        return tuple(rule for rule in self.row_rules if rule.severity == "critical" and set(rule.columns) <= given)

    @property
    def attributes(self) -> tuple[Column, ...]:
        """Columns that describe a contact before the call, without its identifier: the candidates for features."""
        return tuple(column for column in self.prospect_columns if column.role != "identifier")

    def derived_values(self, day: date) -> dict[str, str | int]:
        """The columns that follow from the day of the calls, by name."""
        return {column.name: column.derived_value(day) for column in self.columns if column.derived}

    @property
    def digest(self) -> str:
        """sha256 of the contract's content. Titles and descriptions do not count, nor derivations: row rules state them too."""
        content = self.model_dump(
            mode="json",
            exclude={
                "columns": {"__all__": {"title", "description", "default", "derivation", "example", "form", "never", "labels"}},
                "row_rules": {"__all__": {"description"}},
                "batch_rules": {"__all__": {"description"}},
                "source": True,
            },
        )
        for column in content["columns"]:
            if column["positive"] == "yes":  # contracts that say nothing of it keep the digest that they always had
                del column["positive"]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
