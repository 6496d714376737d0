"""Row rules for a single row: SQLite reads the SQL that Spark runs on whole files, and says at once when it cannot."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache

_of_thread = threading.local()

#: What SQLite says of a name that is none of the row's columns.
_NO_COLUMN = re.compile(r"no such column: (.+)")


def refusal(expression: str, columns: Sequence[str], declared: Collection[str], *, single: bool) -> str:
    """Why a rule cannot be used; empty when it can.

    Args:
        expression: the rule's SQL.
        columns: those that it says it reads.
        declared: those of the contract.
        single: whether it is asked about single rows too, in SQLite; else Spark alone runs it, and only its columns are checked.
    """
    names = [*dict.fromkeys(columns), "contact_date"]
    try:
        _database().execute(f"EXPLAIN {_query(expression, names)}", [None] * len(names))
    except sqlite3.Error as error:
        found = _NO_COLUMN.match(str(error))
        if found:
            name = found[1].strip('"`[]')
            return f"reads {name}, which is not " + ("in its columns" if name in declared else "a column of the contract")
        if single:
            return f"cannot be asked about a single client: SQLite says {error}. Write it in SQL that Spark and SQLite share"
    return ""


def holds(expression: str, columns: tuple[str, ...], values: tuple[object, ...]) -> bool:
    """Whether a row keeps a rule. As in Spark, a rule whose answer is unknown is not broken.

    Args:
        expression: the rule's SQL.
        columns: those that it reads.
        values: the row's, of each of them.
    """
    # Spark's `/` makes a fraction of two whole numbers, SQLite's does not.
    bound = tuple(float(value) if isinstance(value, int) else value for value in values)
    return _holds(expression, columns, bound, datetime.now(UTC).date())


@lru_cache(maxsize=4096)
def _holds(expression: str, columns: tuple[str, ...], values: tuple[object, ...], today: date) -> bool:
    """The answer, worked out once: a rule's columns have few values. `today`: a rule may ask for the current date."""
    (answer,) = _database().execute(_query(expression, columns), values).fetchone()
    return answer is None or bool(answer)


def _query(expression: str, names: Sequence[str]) -> str:
    columns = ", ".join(f'? AS "{name}"' for name in names)
    # The expression is the contract's own, the values are bound.
    return f"SELECT {expression} FROM (SELECT {columns})"  # noqa: S608


def _database() -> sqlite3.Connection:
    """An empty database of this thread, opened once: opening one a row took most of a request's checking."""
    if not hasattr(_of_thread, "database"):
        database = sqlite3.connect(":memory:")
        database.execute("PRAGMA case_sensitive_like = ON")  # as Spark compares
        _of_thread.database = database
    opened: sqlite3.Connection = _of_thread.database
    return opened
