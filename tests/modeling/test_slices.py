"""Cuts of the unseen days: by bins up to and including their bounds, by the campaign's words, by every other column of categories."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bank_marketing.campaign.features import Attribute, FeatureSpec, Slice
from bank_marketing.modeling.slices import LEAST_ROWS, slices

SPEC = FeatureSpec(
    attributes={
        "weight": Attribute(type="integer", title="Weight"),
        "coat": Attribute(type="text", title="Coat", categories=("long", "short")),
        "place": Attribute(type="text", title="Place", categories=("barn", "field")),
    },
    forbidden=(),
    categories=("coat", "place"),
    sets={"all": ()},
    slices={
        "weight": Slice(bins=(0, 10), labels=("none", "light", "heavy")),
        "place": Slice(label="kept in the {place}"),
        "owner": Slice(),
    },
)


def found(table: dict[str, list[object]], spec: FeatureSpec = SPEC) -> dict[str, list[int]]:
    return {name: [int(place) for place in np.flatnonzero(rows)] for name, rows in slices(pd.DataFrame(table), spec)}


def test_the_campaigns_cuts_come_first_in_its_words_however_few_they_hold() -> None:
    cuts = found(
        {
            "weight": [0, 1, 10, 11, -3, 10.5, 0],
            "place": ["field", "barn", "field", "field", "barn", "field", "field"],
            "owner": ["b", "b", "a", "b", "b", "b", "b"],
            "coat": ["long"] * 7,
        }
    )
    assert list(cuts.items()) == [
        ("heavy", [3, 5]),
        ("light", [1, 2]),
        ("none", [0, 4, 6]),
        ("kept in the barn", [1, 4]),
        ("kept in the field", [0, 2, 3, 5, 6]),
        ("a", [2]),
        ("b", [0, 1, 3, 4, 5, 6]),
    ]


def test_another_column_of_categories_is_cut_where_enough_rows_are() -> None:
    coats = ["short"] * LEAST_ROWS + ["long"] * (LEAST_ROWS - 1)
    columns: dict[str, list[object]] = {"weight": [0] * 39, "place": ["barn"] * 39, "owner": ["a"] * 39, "coat": [*coats]}
    assert "Coat: short" in found(columns)
    assert found(columns)["Coat: short"] == list(range(LEAST_ROWS))
    assert "Coat: long" not in found(columns)
    assert "Place: barn" not in found(columns), "the campaign has its own words for it"
