"""From a bank's own export to daily files: `export.yaml` says how the export is written, and every row finds its day.

An export may be of any size and order, and later ones may overlap with it: a row that has landed is recognised by its identifier and
content, a row whose content changed replaces the one that landed. Rows without a day, identifier or outcome are kept aside.
"""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bank_marketing.contract import Contract
from bank_marketing.errors import ConfigError
from bank_marketing.landing.cells import is_missing, text_blocks, to_days, to_numbers
from bank_marketing.landing.daily import Row, write_day

EXPORT_FILE = "export.yaml"

#: Folder below the landing zone with the rows that have no day, identifier or outcome.
ASIDE = "aside"

#: Share of an export's rows that may be kept aside; with more, the description of the export is wrong, not the rows.
MOST_ASIDE = 0.05


class ExportFormat(BaseModel):
    """The content of `export.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    encoding: str = "utf-8"
    delimiter: str = Field(default=";", min_length=1, max_length=1)
    quote: str = Field(default='"', min_length=1, max_length=1)
    decimal: str = Field(default=".", pattern=r"^[.,]$")
    thousands: str = Field(default="", max_length=1)
    date_column: str
    date_format: str = Field(default="%Y-%m-%d", description="as Python's strptime reads it; a time after it is left out")
    id_columns: tuple[str, ...] = Field(default=(), description="joined by a hyphen; empty: numbered in the export's order")
    outcome_column: str
    positive: tuple[str, ...] = Field(min_length=1, description="values that stand for success; all others are none")
    columns: dict[str, str] = Field(description="column of the contract -> column of the export")


@dataclass
class ExportSummary:
    """What an export brought: all rows read are new, changed, known or aside."""

    read: int = 0
    new: int = 0
    changed: int = 0
    known: int = 0
    twice: int = 0
    aside: Counter[str] = field(default_factory=Counter)
    days: list[date] = field(default_factory=list)

    @property
    def rows_aside(self) -> int:
        """Rows that have not landed."""
        return sum(self.aside.values())


def load_export_format(folder: Path) -> ExportFormat:
    """The form of the exports of the campaign in `folder`. Raises ConfigError."""
    path = folder / EXPORT_FILE
    try:
        return ExportFormat.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise ConfigError(f"{folder} has no {EXPORT_FILE}: `bank-marketing campaign new` writes one") from error
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise ConfigError(f"{path} cannot be used: {error}") from error


def land_export(
    export: Path,
    form: ExportFormat,
    contract: Contract,
    root: Path,
    *,
    today: date,
    on_rows: Callable[[int], None] = lambda rows: None,
) -> ExportSummary:
    """Land the rows of an export below `root`, a file of contacts and one of prospects a day.

    Args:
        export: the file.
        form: how it is written.
        contract: of the daily files.
        root: the landing zone.
        today: no call can be later.
        on_rows: called with the rows read so far.

    Raises:
        ConfigError: it is not of that form, or more than MOST_ASIDE of its rows have no day, identifier or outcome.
    """
    summary = ExportSummary()
    parts = root / f".{export.name}.parts"
    shutil.rmtree(parts, ignore_errors=True)
    parts.mkdir(parents=True)
    try:
        for block, landed in _translations(export, form, contract, today):
            summary.read += len(block)
            _keep_aside(block, landed["aside"], parts, summary)
            for day, rows in landed[landed["aside"] == ""].groupby("day", sort=False):
                rows.drop(columns=["aside", "day"]).to_csv(parts / f"{day}.csv", mode="a", header=False, index=False)
            on_rows(summary.read)
        if summary.rows_aside > MOST_ASIDE * summary.read:
            raise ConfigError(_too_many_aside(export, summary))
        names = list(landed.columns.drop(["aside", "day"]))
        for part in sorted(parts.glob("*-*-*.csv")):
            _merge(part, names, contract, root, summary)
        if summary.rows_aside:
            (root / ASIDE).mkdir(exist_ok=True)
            shutil.move(parts / "aside.csv", root / ASIDE / f"{export.stem}.csv")
    finally:
        shutil.rmtree(parts, ignore_errors=True)
    return summary


def translated_rows(export: Path, form: ExportFormat, contract: Contract, *, today: date) -> Iterator[pd.DataFrame]:
    """The export's rows in blocks, in the columns of the contract's daily files, as text.

    Two columns more: `day` (ISO), and why a row could not be landed, `aside` (empty where it can). Raises ConfigError.
    """
    return (landed for _, landed in _translations(export, form, contract, today))


def _translations(
    export: Path, form: ExportFormat, contract: Contract, today: date
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    before = 0
    for block in _blocks(export, form):
        yield block, _translated(block, form, contract, before, today)
        before += len(block)


def _blocks(export: Path, form: ExportFormat) -> Iterator[pd.DataFrame]:
    needed = {form.date_column, form.outcome_column, *form.id_columns, *form.columns.values()}
    for block in text_blocks(export, encoding=form.encoding, delimiter=form.delimiter, quote=form.quote):
        if missing := sorted(needed - set(block.columns)):
            raise ConfigError(f"{export.name} has no column {', '.join(missing)}; {EXPORT_FILE} names what it must have")
        yield block


def _translated(block: pd.DataFrame, form: ExportFormat, contract: Contract, before: int, today: date) -> pd.DataFrame:
    """The rows in the contract's columns, as text, with their `day` and why a row is kept `aside` (empty: it is not)."""
    identifier, outcome = contract.identifier, contract.outcome
    table = pd.DataFrame(index=block.index)
    if form.id_columns:
        ids = block[form.id_columns[0]]
        for name in form.id_columns[1:]:
            ids = ids + "-" + block[name]
        no_id = block[list(form.id_columns)].apply(is_missing).any(axis=1)
    else:
        ids = pd.Series([f"R{before + n + 1:08d}" for n in range(len(block))], index=block.index)
        no_id = pd.Series(False, index=block.index)
    table[identifier.source_name] = ids
    days = to_days(block[form.date_column], form.date_format)
    for column in contract.columns:
        if column.name in form.columns:
            table[column.source_name] = _cells(block[form.columns[column.name]], column, form, contract)
        elif column.derived:
            values = {day: str(column.derived_value(day.date())) for day in days.dropna().unique()}
            table[column.source_name] = days.map(values)
    won = block[form.outcome_column].isin(form.positive)
    negative, positive = outcome.categories
    table[outcome.source_name] = won.map({True: positive, False: negative})
    aside = pd.Series("", index=block.index)
    aside[is_missing(block[form.outcome_column])] = f"no outcome in {form.outcome_column}"
    aside[no_id] = f"no identifier in {', '.join(form.id_columns)}"
    aside[days > pd.Timestamp(today)] = f"its day in {form.date_column} is in the future"
    aside[days.isna()] = f"no day in {form.date_column} that is written as {form.date_format}"
    return table.assign(day=days.dt.strftime("%Y-%m-%d"), aside=aside)


def _cells(cells: pd.Series[str], column: Any, form: ExportFormat, contract: Contract) -> pd.Series[str]:
    missing = is_missing(cells)
    if column.type == "string":
        # A landed cell is one line, and quoted as a whole.
        plain = cells.str.replace(r"\s+", " ", regex=True).str.replace(contract.quote, "'", regex=False)
        return plain.where(~missing, contract.unknown)
    numbers = to_numbers(cells, form.decimal, form.thousands)
    unreadable = numbers.isna() & ~missing
    text = numbers.map(lambda number: f"{number:.15g}")
    empty = "" if column.never is None else f"{column.never:g}"
    return text.where(~missing, empty).where(~unreadable, cells)


def _keep_aside(block: pd.DataFrame, why: pd.Series[str], parts: Path, summary: ExportSummary) -> None:
    kept = block[why != ""]
    if kept.empty:
        return
    summary.aside.update(why[why != ""].tolist())
    path = parts / "aside.csv"
    kept.assign(reason=why).to_csv(path, mode="a", sep=";", header=not path.exists(), index=False)


def _too_many_aside(export: Path, summary: ExportSummary) -> str:
    reasons = "; ".join(f"{count:,} rows: {reason}" for reason, count in summary.aside.most_common(3))
    return (
        f"{export.name}: {summary.rows_aside:,} of {summary.read:,} rows cannot be landed ({reasons}). Nothing was landed; correct "
        f"{EXPORT_FILE} or the export"
    )


def _merge(part: Path, names: list[str], contract: Contract, root: Path, summary: ExportSummary) -> None:
    """Bring a day's rows together with those that landed before."""
    day = date.fromisoformat(part.stem)
    key = contract.identifier.source_name
    landed = root / "contacts" / f"dt={day}" / "contacts.csv"
    rows = {row[key]: row for row in _rows(landed, contract.delimiter)} if landed.is_file() else {}
    before_this = dict(rows)
    seen: set[str] = set()
    with part.open(encoding="utf-8", newline="") as stream:
        for cells in csv.reader(stream):
            row = dict(zip(names, cells, strict=True))
            identifier = row[key]
            before = before_this.get(identifier)
            if identifier in seen:
                summary.twice += 1
            elif before is None:
                summary.new += 1
            elif before == row:
                summary.known += 1
            else:
                summary.changed += 1
            seen.add(identifier)
            rows[identifier] = row
    if rows != before_this:
        write_day(root, day, list(rows.values()), contract)
    summary.days.append(day)


def _rows(path: Path, delimiter: str) -> Iterator[Row]:
    with path.open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream, delimiter=delimiter)
