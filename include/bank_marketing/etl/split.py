"""The temporal split: train, then validation (threshold, calibration), then holdout, in whole contact days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

from bank_marketing.errors import NotEnoughHistory


@dataclass(frozen=True)
class TemporalSplit:
    """First days of the later parts, and rows of each. Everything before `validation_from` is train."""

    first_day: date
    validation_from: date
    holdout_from: date
    last_day: date
    train_rows: int
    validation_rows: int
    holdout_rows: int

    def part(self, day: date) -> str:
        """The part that a contact day belongs to."""
        if day < self.validation_from:
            return "train"
        return "validation" if day < self.holdout_from else "holdout"

    def to_json(self) -> dict[str, str | int]:
        """Plain values for a manifest."""
        return {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(self).items()}


def temporal_split(
    days: Sequence[tuple[date, int]],
    *,
    holdout_rows: int,
    holdout_days: int,
    validation_rows: int,
    max_share: float,
    min_train_rows: int,
) -> TemporalSplit:
    """Cut the campaign's days from the end.

    Args:
        days: contact days with their rows, in time order.
        holdout_rows: the holdout is the shortest run of last days with at least this many rows
        holdout_days: and at least this many days.
        validation_rows: rows of the days before it.
        max_share: neither holdout nor validation takes more than this share of the rows before its end.
        min_train_rows: fewer rows for training raise.

    Raises:
        NotEnoughHistory: with what there is and what is needed.
    """
    holdout = _tail(days, holdout_rows, holdout_days, max_share)
    validation = _tail(days[:-holdout] if holdout else days, validation_rows, 1, max_share)
    train = len(days) - holdout - validation
    rows = [sum(n for _, n in part) for part in (days[:train], days[train : len(days) - holdout], days[len(days) - holdout :])]
    if min(holdout, validation, train) < 1 or rows[0] < min_train_rows:
        raise NotEnoughHistory(
            f"{len(days)} contact days with {sum(n for _, n in days)} rows have landed: the split leaves {rows[0]} rows to train on, "
            f"{rows[1]} to validate and {rows[2]} to hold out, and training needs {min_train_rows}. Choose a later as_of."
        )
    return TemporalSplit(days[0][0], days[train][0], days[len(days) - holdout][0], days[-1][0], *rows)


def _tail(days: Sequence[tuple[date, int]], rows: int, least: int, max_share: float) -> int:
    """How many last days reach `rows` rows and `least` days, within `max_share` of all rows."""
    total = sum(n for _, n in days)
    taken = count = 0
    for _, n in reversed(days):
        if taken >= rows and count >= least:
            break
        if count and taken + n > max_share * total:
            break
        taken, count = taken + n, count + 1
    return count
