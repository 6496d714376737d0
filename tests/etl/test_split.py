"""The temporal split keeps time order and says when there is too little."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bank_marketing.errors import NotEnoughHistory
from bank_marketing.etl.split import temporal_split

LIMITS = {"holdout_rows": 500, "holdout_days": 20, "validation_rows": 5000, "max_share": 0.3, "min_train_rows": 1000}


def days(counts: list[int]) -> list[tuple[date, int]]:
    return [(date(2009, 1, 1) + timedelta(days=i), count) for i, count in enumerate(counts)]


def test_holdout_is_the_shortest_tail_that_has_enough_rows_and_days() -> None:
    split = temporal_split(days([100] * 200), **LIMITS)
    assert split.holdout_rows == 2000  # 20 days, although 5 would have 500 rows
    assert split.validation_rows == 5000
    assert split.train_rows == 13_000


def test_short_days_give_a_longer_holdout() -> None:
    split = temporal_split(days([400] * 60 + [10] * 100), **LIMITS)
    assert split.holdout_rows == 500 or split.holdout_rows - 10 < 500
    assert split.holdout_rows >= 480


def test_too_little_history_says_what_there_is_and_what_is_needed() -> None:
    with pytest.raises(NotEnoughHistory, match=r"8 contact days with 80 rows.*needs 1000"):
        temporal_split(days([10] * 8), **LIMITS)


@given(st.lists(st.integers(1, 800), min_size=30, max_size=300))
def test_parts_follow_each_other_and_nothing_is_lost(counts: list[int]) -> None:
    landed = days(counts)
    try:
        split = temporal_split(landed, **LIMITS)
    except NotEnoughHistory:
        return
    parts = [split.part(day) for day, _ in landed]
    assert parts == sorted(parts, key=["train", "validation", "holdout"].index)
    by_part = {name: sum(n for (day, n) in landed if split.part(day) == name) for name in ("train", "validation", "holdout")}
    assert by_part == {"train": split.train_rows, "validation": split.validation_rows, "holdout": split.holdout_rows}
    assert split.holdout_rows <= 0.3 * sum(counts) + 800
