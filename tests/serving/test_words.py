"""What is wrong with a value is said to people, not in pydantic's words."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from bank_marketing.campaign import load_campaign
from bank_marketing.serving.bodies import bodies_of
from bank_marketing.serving.problems import field_problems
from tests.support.served import PROSPECT

BODIES = bodies_of(load_campaign("bank_marketing"))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"age": 16}, "prospect.age: must be at least 17"),
        ({"age": 111}, "prospect.age: must be at most 110"),
        ({"age": "31.5"}, "prospect.age: is no whole number"),
        ({"age": 31.5}, "prospect.age: is no whole number"),
        ({"age": None}, "prospect.age: is no whole number"),
        ({"euribor3m": "1,2"}, "prospect.euribor3m: is no number"),
        ({"euribor3m": float("inf")}, "prospect.euribor3m: is no finite number"),
        ({"marital": "widowed"}, "prospect.marital: must be 'divorced', 'married', 'single' or 'unknown'"),
        ({"salary": 1}, "prospect.salary: is not a column of the contract"),
        (
            {"previous": 2},
            "prospect: an earlier outcome needs an earlier contact; poutcome is nonexistent exactly when previous is 0",
        ),
    ],
)
def test_a_value_is_refused_in_plain_words(changes: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        BODIES.one.model_validate({"prospect": PROSPECT | changes})
    assert [f"{found.field}: {found.problem}" for found in field_problems(caught.value.errors())] == [says]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"prospects": []}, "holds too few entries, at least 1 are needed"),
        ({"prospects": [PROSPECT], "day": "1.7.2010"}, "is no date; write it as YYYY-MM-DD"),
        ({"prospects": [PROSPECT], "list_size": 0}, "must be at least 1"),
        ({}, "is missing"),
    ],
)
def test_a_request_is_refused_in_plain_words(given: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        BODIES.several.model_validate(given)
    assert [found.problem for found in field_problems(caught.value.errors())] == [says]


def test_a_day_is_a_day() -> None:
    assert BODIES.one.model_validate({"prospect": PROSPECT, "day": "2010-07-01"}).day == date(2010, 7, 1)
