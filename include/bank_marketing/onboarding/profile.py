"""What an export holds, column by column: kind, missing cells, values, range. One pass, in blocks; memory does not grow with the file."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Literal

import pandas as pd

from bank_marketing.errors import ConfigError
from bank_marketing.landing.cells import TIME, is_missing, text_blocks, to_numbers
from bank_marketing.onboarding.dialect import Dialect

Kind = Literal["integer", "double", "date", "text", "empty"]

#: Distinct values that are counted; a column with more is no category.
MOST_VALUES = 10_000

#: Forms of a number: decimal mark and mark of thousands.
NUMBERS: dict[tuple[str, str], re.Pattern[str]] = {
    (".", ""): re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?"),
    (",", ""): re.compile(r"[+-]?\d+(,\d+)?"),
    (",", "."): re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?"),
    (".", ","): re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?"),
    (",", " "): re.compile(r"[+-]?(\d+|\d{1,3}([ \u00a0\u202f]\d{3})+)(,\d+)?"),
}
DATES = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y%m%d", "%d.%m.%y")


@dataclass
class ColumnProfile:
    """One column of an export."""

    name: str
    rows: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    many: bool = False
    numbers: dict[tuple[str, str], bool] = field(default_factory=lambda: dict.fromkeys(NUMBERS, True))
    dates: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(DATES, True))
    fractions: bool = False
    extremes: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)

    @property
    def missing_share(self) -> float:
        """Share of the rows without a value."""
        return sum(self.missing.values()) / max(self.rows, 1)

    @property
    def present(self) -> int:
        """Rows with a value."""
        return self.rows - sum(self.missing.values())

    @property
    def distinct(self) -> int:
        """Distinct values, counted up to MOST_VALUES."""
        return len(self.values)

    @property
    def unique(self) -> bool:
        """Whether no value was seen twice, as far as they were counted."""
        return self.missing_share == 0 and max(self.values.values(), default=0) == 1

    @property
    def date_format(self) -> str:
        """The form of its dates; empty when it holds none."""
        return next((form for form, possible in self.dates.items() if possible), "") if self.present else ""

    @property
    def ambiguous_date(self) -> bool:
        """Whether its dates could be read with day and month the other way round."""
        return self.dates.get("%d/%m/%Y", False) and self.dates.get("%m/%d/%Y", False)

    @property
    def number_format(self) -> tuple[str, str] | None:
        """Decimal mark and mark of thousands; None when it holds other things than numbers."""
        return next((form for form, possible in self.numbers.items() if possible), None) if self.present else None

    @property
    def range(self) -> tuple[float, float] | None:
        """Its lowest and highest number; None when it holds other things."""
        form = self.number_format
        return self.extremes.get(form) if form else None

    @property
    def kind(self) -> Kind:
        """What the column holds."""
        if not self.present:
            return "empty"
        if self.date_format and not (self.date_format == "%Y%m%d" and not self._looks_like_days()):
            return "date"
        if self.number_format is not None:
            return "double" if self.fractions else "integer"
        return "text"

    def _looks_like_days(self) -> bool:
        return all(value[:2] in ("19", "20") for value in self.values)


@dataclass(frozen=True)
class ExportProfile:
    """An export as a whole."""

    path: Path
    dialect: Dialect
    columns: tuple[ColumnProfile, ...]
    rows: int

    def __getitem__(self, name: str) -> ColumnProfile:
        """The column called `name`. Raises ConfigError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        names = ", ".join(column.name for column in self.columns)
        raise ConfigError(f"{self.path.name} has no column {name!r}; it has {names}")


def profile_export(path: Path, dialect: Dialect, on_rows: Callable[[int], None] = lambda rows: None) -> ExportProfile:
    """Look at every row of an export.

    Args:
        path: the export.
        dialect: from `find_dialect`.
        on_rows: called with the rows seen so far.

    Raises:
        ConfigError: a row has more cells than the header, a column has no name or is there twice.
    """
    columns: dict[str, ColumnProfile] = {}
    rows = 0
    for block in text_blocks(path, **dialect.model_dump()):
        for name in block.columns:
            _look(columns.setdefault(name, ColumnProfile(name)), block[name])
        rows += len(block)
        on_rows(rows)
    return ExportProfile(path, dialect, tuple(columns.values()), rows)


def _look(column: ColumnProfile, cells: pd.Series[str]) -> None:
    column.rows += len(cells)
    missing = is_missing(cells)
    column.missing.update(Counter(cells[missing].tolist()))
    present = cells[~missing]
    counts = present.value_counts()
    if column.many:
        counts = counts[[value in column.values for value in counts.index]]
    column.values.update({str(value): int(count) for value, count in counts.items()})
    if len(column.values) > MOST_VALUES:
        column.many = True
        for value, _ in column.values.most_common()[MOST_VALUES:]:
            del column.values[value]
    _narrow(column, pd.Series(counts.index if not column.many else present.unique(), dtype=str))


def _narrow(column: ColumnProfile, values: pd.Series[str]) -> None:
    """Rule out the forms of numbers and dates that some value has not."""
    if values.empty:
        return
    for form, pattern in NUMBERS.items():
        if column.numbers[form] and not values.str.fullmatch(pattern.pattern).all():
            column.numbers[form] = False
        if column.numbers[form]:
            numbers = to_numbers(values, *form)
            low, high = column.extremes.get(form, (math.inf, -math.inf))
            column.extremes[form] = (min(low, float(numbers.min())), max(high, float(numbers.max())))
    column.fractions |= any(
        possible and bool(values.str.contains(re.escape(mark) + r"\d*[1-9]").any()) and _decimal(values, mark)
        for (mark, _), possible in column.numbers.items()
    )
    bare = values.str.replace(TIME, "", regex=True)
    for written, possible in column.dates.items():
        if possible and not _all_dates(bare, written):
            column.dates[written] = False


def _decimal(values: pd.Series[str], mark: str) -> bool:
    """Whether the mark is that of decimals: not always three digits follow it."""
    after = values[values.str.contains(mark, regex=False)].str.rsplit(mark, n=1).str[-1]
    return bool(len(after)) and not bool((after.str.len() == 3).all())


def _all_dates(values: pd.Series[str], form: str) -> bool:
    if form == "%Y%m%d" and not values.str.fullmatch(r"\d{8}").all():
        return False
    return bool(pd.to_datetime(values, format=form, errors="coerce").notna().all())


def to_day(value: str, form: str) -> date:
    """One cell as a day."""
    return datetime.strptime(TIME.sub("", value), form).date()  # noqa: DTZ007 (a day has no time zone)
