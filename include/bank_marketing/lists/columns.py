"""Which column of a list is which of the contract's, and what becomes of the others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bank_marketing.contract import Column, Contract
from bank_marketing.lists.refusals import refused
from bank_marketing.lists.separated import NAMES, SEPARATORS, split_line

#: Columns that the platform's own results have: a result, or what was left out of one, comes back as a list.
STATUS, LIST_SIZE = "status", "list_size"
OWN = ("rank", "probability", "decision", "expected_profit", "decile", "reason_1", "reason_2", "reason_3", "contact_date",
       "model_version", "run_id", "as_of", "prediction_id", "line", STATUS, "problems", LIST_SIZE, "as it came")  # fmt: skip

#: A column of the platform's results is taken for one where the list has at least one of these.
_MARKS = {"prediction_id", "problems"}


@dataclass(frozen=True)
class Header:
    """Places of a list's columns, by what they are."""

    names: tuple[str, ...]
    known: dict[str, int]
    extra: dict[str, int]
    own: dict[str, int]
    late: tuple[str, ...]
    unnamed: tuple[int, ...]
    missing: tuple[Column, ...]

    @property
    def width(self) -> int:
        """Cells of a row."""
        return len(self.names)


def choose_separator(line: str, contract: Contract) -> str:
    """The separator with which a first line names most columns of the contract; with none of them, that with most cells."""
    names = _keys(contract)
    cells = {separator: split_line(line, separator) or [] for separator in SEPARATORS}
    return max(SEPARATORS, key=lambda mark: (sum(_key(cell) in names for cell in cells[mark]), len(cells[mark])))


def read_header(cells: Sequence[str], name: str, contract: Contract) -> Header:
    """Find the contract's columns, under its own names or the source system's, in any case and order.

    Raises:
        ContractViolation: columns are missing that nothing can fill in, or one is there twice. All of it is said at once.
    """
    names = tuple(cell.strip().lstrip("\ufeff") for cell in cells)
    keys, own_names = _keys(contract), set(OWN) if _MARKS & set(names) else set()
    known, extra, own, late, unnamed, twice = {}, {}, {}, [], [], []
    for place, text in enumerate(names):
        column = keys.get(_key(text))
        if not text:
            unnamed.append(place)
        elif text in own_names:
            own[text] = place
        elif column is None:
            extra[text if text not in extra else f"{text} ({place + 1})"] = place
        elif column.phase == "after_call":
            late.append(text)
        elif column.name in known:
            twice.append(text)
        else:
            known[column.name] = place
    missing = tuple(column for column in contract.prospect_columns if column.name not in known and not column.derived)
    needed = [column.source_name for column in missing if column.role not in ("macro", "identifier")]
    _check(names, name, len(known) + len(late), needed, twice, extra)
    return Header(names, known, extra, own, tuple(late), tuple(unnamed), missing)


def known_columns(names: Sequence[str], contract: Contract) -> dict[str, str]:
    """Under which of these names a list has the contract's columns."""
    keys = _keys(contract)
    return {keys[_key(name)].name: name for name in names if _key(name) in keys}


def _check(
    names: Sequence[str], name: str, found: int, needed: Sequence[str], twice: Sequence[str], extra: dict[str, int]
) -> None:
    if not found:
        shown = ", ".join(repr(text[:40]) for text in names[:5])
        raise refused(
            name,
            "columns",
            f"its first line must name the columns, and it names none of them ({shown}); the cells may be separated by "
            + ", ".join(NAMES.values()),
        )
    problems = [f"missing columns: {', '.join(needed)}"] if needed else []
    problems += [f"stands there twice: {', '.join(twice)}"] if twice else []
    if not problems:
        return
    if needed and extra:
        problems.append(f"it has columns of other names ({', '.join(text[:40] for text in list(extra)[:8])})")
    raise refused(name, "columns", "; ".join(problems))


def _keys(contract: Contract) -> dict[str, Column]:
    return {_key(alias): column for column in contract.columns for alias in (column.name, column.source_name)}


def _key(name: str) -> str:
    """A name without what people change in it: case, spaces, full stops, hyphens and underscores."""
    return re.sub(r"[\W_]+", "", name).casefold()
