"""Cells of an export: blocks of text, and what a cell says as a number or a day."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from bank_marketing.errors import ConfigError

#: Ways to leave a cell empty.
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "nil", "-", "--", "?", ".", "#n/a", "#nv"})

#: A time of day behind a date.
TIME = re.compile(r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$")

_SPACES = r"[ \u00a0\u202f]"

_BLOCK_ROWS = 100_000


def text_blocks(path: Path, *, encoding: str, delimiter: str, quote: str) -> Iterator[pd.DataFrame]:
    """An export as blocks of text cells without blanks around them; columns without a name are left out.

    Raises:
        ConfigError: there is no such file, or it cannot be read as rows of cells.
    """
    if not path.is_file():
        raise ConfigError(f"there is no file {path}")
    try:
        reader = pd.read_csv(
            path,
            sep=delimiter,
            quotechar=quote,
            encoding=encoding,
            dtype=str,
            keep_default_na=False,
            chunksize=_BLOCK_ROWS,
            index_col=False,
        )
        for block in reader:
            named = block.rename(columns=str.strip)
            kept = [name for name in named.columns if name and not name.startswith("Unnamed:")]
            yield named[kept].apply(lambda cells: cells.str.strip())
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeError) as error:
        raise ConfigError(f"{path} cannot be read as rows of cells in {encoding}: {error}. Export it again as CSV") from error


def is_missing(cells: pd.Series[str]) -> pd.Series[bool]:
    """Which cells stand for no value."""
    return cells.str.lower().isin(MISSING)


def to_numbers(cells: pd.Series[str], decimal: str, thousands: str) -> pd.Series[float]:
    """Cells as numbers, nan where a cell is empty or holds no number."""
    bare = cells.where(~is_missing(cells), "nan")
    if thousands:
        bare = bare.str.replace(_SPACES if thousands == " " else re.escape(thousands), "", regex=True)
    if decimal == ",":
        bare = bare.str.replace(",", ".", regex=False)
    return pd.to_numeric(bare, errors="coerce").astype(np.float64)


def to_days(cells: pd.Series[str], form: str) -> pd.Series[pd.Timestamp]:
    """Cells as days, NaT where a cell holds none. `form` is that of strptime; a time of day behind it is left out."""
    return pd.to_datetime(cells.str.replace(TIME, "", regex=True), format=form, errors="coerce")
