"""How an export is written: its encoding, its delimiter, its quotes. Found out by looking, on any number of bytes."""

from __future__ import annotations

import csv
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from bank_marketing.errors import ConfigError
from bank_marketing.lists.separated import SEPARATORS
from bank_marketing.lists.unpacking import encoding_of

#: Lines that decide the delimiter; a file whose first lines agree does not change its mind later.
_LINES = 50


class Dialect(BaseModel):
    """The form of a text file with rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    encoding: str
    delimiter: str
    quote: str = '"'


def find_dialect(path: Path) -> Dialect:
    """The dialect of a file.

    Raises:
        ConfigError: there is no such file, it is empty, or no delimiter splits its lines into the same number of cells.
    """
    if not path.is_file():
        raise ConfigError(f"there is no file {path}")
    with path.open("rb") as content:
        encoding, _ = encoding_of(content)
    with path.open(encoding=encoding, newline="") as stream:
        lines = [line for line in (stream.readline(1 << 16) for _ in range(_LINES)) if line.strip()]
    if len(lines) < 2:
        raise ConfigError(f"{path} has no rows: export it with a header and at least one row")
    for delimiter in sorted(SEPARATORS, key=lambda mark: -lines[0].count(mark)):
        widths = {len(cells) for cells in csv.reader(lines, delimiter=delimiter)}
        if len(widths) == 1 and widths != {1}:
            return Dialect(encoding=encoding, delimiter=delimiter)
    raise ConfigError(
        f"{path}: none of ; , tab and | splits its first {len(lines)} lines into the same number of cells. Export it as CSV, "
        "with cells that hold the delimiter in quotes"
    )
