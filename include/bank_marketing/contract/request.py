"""The contract as a request: the model of one prospect, with the types, ranges, categories and row rules of the contract."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, create_model, model_validator
from pydantic_core import PydanticKnownError

from bank_marketing.contract.model import Column, Contract
from bank_marketing.contract.row_rules import holds

_NUMBERS: dict[str, type] = {"integer": int, "double": float}


def prospect_model(contract: Contract) -> type[BaseModel]:
    """The pydantic model of a prospect: every attribute that is known before the call, and nothing else.

    All attributes must be given, except `contact_id` and those that follow from the contact's date. A column may also be called
    by its name in the landed files. Of columns whose breach only warns, what their unit cannot hold
    is refused (`Column.bounds`); the usual range is in the description. Validation raises pydantic's ValidationError; a column
    that is known only after the call is refused with the reason.
    """
    late = {column.name: column for column in contract.columns if column.phase == "after_call"}
    rules = contract.prospect_rules

    def refuse_late_columns(_: type[BaseModel], data: Any) -> Any:
        found = [late[name] for name in late if name in data] if isinstance(data, dict) else []
        if found:
            raise ValueError("; ".join(f"{column.name} is not accepted. {column.description}" for column in found))
        return data

    def keep_row_rules(self: BaseModel) -> BaseModel:
        broken = [
            rule.description
            for rule in rules
            if not holds(rule.expression, rule.columns, tuple(getattr(self, name) for name in rule.columns))
        ]
        if broken:
            raise ValueError("; ".join(broken))
        return self

    fields: dict[str, Any] = {column.name: _field(column) for column in contract.prospect_columns}
    before: Any = classmethod(refuse_late_columns)
    validators: dict[str, Any] = {
        "refuse_late_columns": model_validator(mode="before")(before),
        "keep_row_rules": model_validator(mode="after")(keep_row_rules),
    }
    model: type[BaseModel] = create_model(
        "Prospect",
        __config__=ConfigDict(extra="forbid", frozen=True),
        __doc__="A client who may be called, as known before the call.",
        __validators__=validators,
        **fields,
    )
    return model


def _field(column: Column) -> tuple[Any, Any]:
    """Type and field of one column."""
    optional = column.derived or column.role == "identifier"
    told: dict[str, Any] = {
        "title": column.title,
        "description": column.description,
        "validation_alias": AliasChoices(column.name, column.source_name),
        "examples": [column.default] if column.default is not None else None,
    }
    if column.type == "string":
        kind: Any = Literal[column.categories] if column.categories else str
        if column.pattern:
            kind = Annotated[str, AfterValidator(_like(column))]
            told["json_schema_extra"] = {"pattern": f"^(?:{column.pattern})$"}
    else:
        kind = Annotated[_NUMBERS[column.type], BeforeValidator(_plain_number(column.type))]
        if column.type == "double":
            told["allow_inf_nan"] = False
        low, high = column.bounds
        told |= {"ge": low, "le": high}
        if (low, high) != (column.min, column.max):
            told["description"] += f" Usually {column.min:g} to {column.max:g}."
    return (kind | None if optional else kind), Field(default=None if optional else ..., **told)


def _plain_number(kind: str) -> Callable[[Any], Any]:
    """A check that leaves to pydantic what other readers of the contract take for a number too: neither true nor 1_000 is one."""
    error: Any = "int_parsing" if kind == "integer" else "float_parsing"

    def check(value: Any) -> Any:
        if isinstance(value, bool) or (isinstance(value, str) and "_" in value):
            raise PydanticKnownError(error)
        return value

    return check


def _like(column: Column) -> Callable[[str], str]:
    """A check of a column's pattern that says in words what it allows."""
    pattern = re.compile(column.pattern)

    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(f"must be {column.allowed}")
        return value

    return check


def example_prospect(contract: Contract) -> dict[str, Any]:
    """A client as the contract describes one: each column's example, else its default, else something that it allows."""
    return {column.name: _example(column) for column in contract.prospect_columns if not column.derived}


def _example(column: Column) -> int | float | str:
    for given in (column.example, column.default, *column.categories[:1], column.min):
        if given is not None:
            return int(given) if column.type == "integer" else given
    return "C-0012345" if column.type == "string" else 0
