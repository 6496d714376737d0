"""Cells of a list as the contract's values: numbers as people and programs write them, categories in any case."""

from __future__ import annotations

import difflib
import re

import numpy as np
import pandas as pd

from bank_marketing.contract import Column

#: How people say that there is no value.
_NEVER = {"", "-1", "-1.0", "-1,0"}

_POINT = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_COMMA = re.compile(r"[+-]?([0-9]{1,3}(\.[0-9]{3})+|[0-9]+)(,[0-9]*)?")
_WHOLE = {".": re.compile(r"[+-]?[0-9]+(\.0*)?"), ",": re.compile(r"[+-]?([0-9]{1,3}(\.[0-9]{3})+|[0-9]+)(,0*)?")}

#: Whole numbers beyond this are outside every range, and beyond what a float holds exactly.
_HUGE = 2**31


def cleaned(cells: pd.Series) -> pd.Series:
    """Text without the spaces around it, and without the apostrophe that the platform's files set before a formula."""
    return cells.str.strip().str.replace(r"^'(?=[\s=+\-@|%])", "", regex=True).str.strip()


def decimal_mark(cells: pd.DataFrame) -> str:
    """`,` when the numbers of these columns (text) are written with a decimal comma, else `.`."""
    values = [value for name in cells for value in cells[name].unique() if value]
    commas = sum(bool(re.fullmatch(r"[+-]?[0-9.]*,[0-9]+", value)) for value in values)
    points = sum(bool(re.fullmatch(r"[+-]?[0-9]+\.[0-9]+", value)) for value in values)
    return "," if commas > points else "."


def numbers(cells: pd.Series, column: Column, mark: str) -> pd.Series:
    """Numbers of cells (stripped text); NaN where one is not written as a number of the column's type."""
    pattern = _WHOLE[mark] if column.type == "integer" else _COMMA if mark == "," else _POINT
    known = {value: _number(value, pattern, mark) for value in cells.unique()}
    found = cells.map(known).astype(float)
    return found.where(found.abs() < _HUGE) if column.type == "integer" else found


def _number(value: str, pattern: re.Pattern[str], mark: str) -> float:
    if not pattern.fullmatch(value):
        return np.nan
    plain = value.replace(".", "").replace(",", ".") if mark == "," else value
    number = float(plain)
    return number if np.isfinite(number) else np.nan


def with_never(cells: pd.Series, column: Column) -> tuple[pd.Series, int]:
    """Cells in which an empty one or -1 became the value that means never, and how many did."""
    if column.never is None:
        return cells, 0
    found = cells.isin(_NEVER)
    return cells.mask(found, f"{column.never:g}"), int(found.sum())


def categories(cells: pd.Series, column: Column) -> pd.Series:
    """Cells in the contract's own spelling, where they differ from a category in case only."""
    spelling = {category.casefold(): category for category in column.categories}
    known = {value: spelling.get(value.casefold(), value) for value in cells.unique()}
    return cells.map(known)


def explained(value: str, column: Column, mark: str) -> str:
    """Why a cell that holds something is not a value of its column, and how to write it."""
    shown = f"{column.source_name} {value[:40]!r}"
    if column.categories:
        near = difflib.get_close_matches(value.casefold(), column.categories, n=1, cutoff=0.75)
        return f"{shown} is not known; " + (
            f"did you mean {near[0]!r}?" if near else f"allowed: {', '.join(column.categories)}"
        )
    if column.type == "string":
        return f"{shown} must be {column.allowed}"
    kind = "whole number; write it in digits alone, like 38" if column.type == "integer" else "number; write it like " + (
        "4991,6" if mark == "," else "4991.6"
    )  # fmt: skip
    return f"{shown} is no {kind}"


def outside(value: float, column: Column) -> str:
    """What a number that is out of its column's range must be."""
    low, high = column.bounds
    limit = f"at least {low:g}" if low is not None and value < low else f"at most {high:g}"
    return f"{column.source_name} {value:g} must be {limit}" + (f" {column.unit}" if column.unit else "")
