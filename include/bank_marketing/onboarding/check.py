"""A campaign checked as a whole, and one client shown all the way from cells to the numbers that a model reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from bank_marketing.campaign import Campaign, load_campaign
from bank_marketing.campaign.features import GAP, LIST_SIZE
from bank_marketing.contract import Column
from bank_marketing.errors import ConfigError
from bank_marketing.landing.export import EXPORT_FILE, load_export_format, translated_rows
from bank_marketing.modeling.numbers import numbers

#: Counts of the campaign so far that the example is shown with: a tenth of a hundred calls succeeded.
EXAMPLE_CONTACTS, EXAMPLE_CONVERSIONS = 100, 10


@dataclass(frozen=True)
class Checked:
    """A campaign that can be used, and an example of it.

    Attributes:
        title: of the campaign.
        columns: name, cell and use of each column of the example.
        numbers: what a model with the campaign's default features reads of the example, by name; categories follow as they are.
        notes: what a person should know.
    """

    title: str
    columns: tuple[tuple[str, str, str], ...]
    numbers: dict[str, float]
    notes: tuple[str, ...]


def check_campaign(name: str, export: Path | None = None) -> Checked:
    """Load a campaign, and follow a client through it: of an export, else of the contract's defaults.

    Raises:
        ConfigError: a file of the campaign cannot be used, naming file and line; or the export is not as export.yaml says.
    """
    campaign = load_campaign(name)
    row = _first(campaign, export) if export else _defaults(campaign)
    spec = campaign.features
    counts = {count.name: EXAMPLE_CONTACTS if count.of == "contacts" else EXAMPLE_CONVERSIONS for count in spec.counts}
    table = pd.DataFrame([row | counts | {LIST_SIZE: EXAMPLE_CONTACTS, GAP: 1}])
    encoded = {name: float(values[0]) for name, values in numbers(table, spec, spec.default_set, 5.0).items()}
    columns = tuple(
        (column.name, str(row.get(column.name, "")), _use(column, campaign)) for column in campaign.contract.columns
    )
    return Checked(campaign.presentation.title, columns, encoded, tuple(_notes(campaign)))


def _first(campaign: Campaign, export: Path) -> dict[str, Any]:
    """The first row of an export that has a day, an identifier and an outcome, in the contract's columns and types."""
    contract = campaign.contract
    for rows in translated_rows(export, load_export_format(campaign.folder), contract, today=date.max):
        kept = rows[rows["aside"] == ""]
        if len(kept):
            cells = kept.iloc[0]
            return {column.name: _typed(cells[column.source_name], column, export) for column in contract.columns}
    raise ConfigError(f"no row of {export} has a day, an identifier and an outcome as {EXPORT_FILE} says")


def _typed(cell: str, column: Column, export: Path) -> Any:
    if column.type == "string":
        if column.categories and cell not in column.categories:
            raise ConfigError(f"{export.name}: {column.name} is {cell!r}, which contract.yaml does not list: {column.allowed}")
        return cell
    try:
        return float(cell)
    except ValueError as error:
        raise ConfigError(f"{export.name}: {column.name} is {cell!r}, which is no number") from error


def _defaults(campaign: Campaign) -> dict[str, Any]:
    today = date.today()  # noqa: DTZ011 (an example has no time zone)
    given = {
        column.name: column.default
        if column.default is not None
        else column.categories[0]
        if column.categories
        else column.min or 0
        for column in campaign.contract.attributes
    }
    return given | campaign.contract.derived_values(today)


def _use(column: Column, campaign: Campaign) -> str:
    spec = campaign.features
    if column.role == "identifier":
        return "identifies the contact"
    if column.role == "outcome":
        return "the outcome"
    if column.phase == "after_call":
        return "known only after the call: never a feature"
    read = [name for name, number in spec.numbers(spec.default_set).items() if number.column == column.name]
    read += ["its categories"] if column.name in spec.categories else []
    return f"read as {', '.join(read)}" if read else "not read by a model"


def _notes(campaign: Campaign) -> list[str]:
    if campaign.results_file.is_file():
        return [f"The chosen model stands in {campaign.results_file}."]
    return [
        "There is no results.json: the documented default model is trained, until `bank-marketing experiments` has searched."
    ]
