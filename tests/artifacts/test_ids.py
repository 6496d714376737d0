"""Ids carry their moment: RFC 9562, version 7."""

from __future__ import annotations

import re
import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from bank_marketing.artifacts.ids import new_id, time_of

MOMENT = datetime(2026, 11, 28, 10, 42, 7, 123000, tzinfo=UTC)
MILLISECONDS = 1_795_862_527_123


def test_an_id_is_a_uuid_of_version_7_and_fresh_each_time() -> None:
    made = {new_id(MILLISECONDS) for _ in range(300)}
    assert len(made) == 300
    for name in made:
        assert re.fullmatch("[0-9a-f]{32}", name)
        assert name.startswith(f"{MILLISECONDS:012x}7")
        assert (uuid.UUID(name).version, uuid.UUID(name).variant) == (7, uuid.RFC_4122)
        assert time_of(name) == MOMENT
    for places, values in (((13, 14), 16), ((16, 17), 4), ((17, 18), 16)):
        assert len({name[slice(*places)] for name in made}) == values, "every random digit takes all its values"


def test_now_is_the_moment_where_none_is_given() -> None:
    before = time.time_ns() // 1_000_000
    found = time_of(new_id())
    assert found is not None
    assert before / 1000 <= found.timestamp() <= time.time()


def test_ids_sort_as_their_moments_and_the_first_moment_is_one() -> None:
    names = [new_id(moment) for moment in (0, 1, 999, MILLISECONDS, MILLISECONDS + 1)]
    assert names == sorted(names)
    assert time_of(names[0]) == datetime(1970, 1, 1, tzinfo=UTC)
    assert time_of(names[1]) == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=1)


@pytest.mark.parametrize(
    "name",
    [
        "", "x" * 32, f"{MILLISECONDS:012x}4" + "0" * 3 + "8" + "0" * 15, f"{MILLISECONDS:012x}7" + "0" * 3 + "7" + "0" * 15,
        f"{MILLISECONDS:012x}7" + "0" * 3 + "8" + "0" * 16, "f" * 12 + "7" + "0" * 3 + "8" + "0" * 15,
    ],
    ids=["empty", "no number", "version 4", "another variant", "too long", "after the year 9999"],
)  # fmt: skip
def test_what_is_no_id_has_no_moment(name: str) -> None:
    assert time_of(name) is None
