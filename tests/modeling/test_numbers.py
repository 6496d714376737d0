"""Every kind of number that a campaign can declare, worked out by hand on seven rows of a campaign that nobody has."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bank_marketing.campaign.features import Attribute, FeatureSpec, Number, Segment
from bank_marketing.modeling.numbers import numbers

NAN = math.nan
PRIOR, FIRST_RATE, OWN_PRIOR = 3.0, 0.2, 4.0

#: Counts of six evenings that differ in every window and segment; the last evening has had no contacts.
COUNTS = {
    "conversions_1d": [1, 0, 2, 3, 1, 0, 0], "contacts_1d": [5, 1, 7, 4, 9, 2, 0],
    "conversions_3d": [4, 2, 5, 9, 3, 1, 0], "contacts_3d": [19, 11, 23, 29, 31, 13, 0],
    "conversions_3d_sheep": [2, 1, 2, 4, 1, 0, 0], "contacts_3d_sheep": [6, 4, 7, 11, 8, 3, 0],
    "conversions_3d_goats": [1, 0, 2, 3, 1, 1, 0], "contacts_3d_goats": [5, 3, 9, 8, 12, 4, 0],
    "conversions_all": [20, 31, 42, 53, 64, 75, 0], "contacts_all": [101, 203, 307, 401, 503, 607, 0],
}  # fmt: skip
BREEDS = ["texel", "boer", "horse", "suffolk", "angora", "cow", "texel"]
TABLE = pd.DataFrame({"age": [29.0, 30, 31, 0.5, -4, NAN, 999], "breed": BREEDS, **COUNTS})

SEGMENT = Segment(window=3, counted={"sheep": ("texel", "suffolk"), "goats": ("boer", "angora")}, prior=OWN_PRIOR)


def computed(number: Number, table: pd.DataFrame = TABLE) -> list[float]:
    spec = FeatureSpec(
        attributes={}, forbidden=(), first_rate=FIRST_RATE, windows=(1, 3), segments={"breed": SEGMENT},
        blocks={"one": {"it": number}}, sets={"all": ("one",)},
    )  # fmt: skip
    [(name, values)] = numbers(table, spec, "all", PRIOR).items()
    assert name == "it"
    assert values.dtype == float
    return [float(value) for value in values]


def logit(p: float) -> float:
    return math.log(p / (1 - p))


def shrunk(row: int, window: str) -> float:
    so_far = (COUNTS["conversions_all"][row] + PRIOR * FIRST_RATE) / (COUNTS["contacts_all"][row] + PRIOR)
    if window == "all":
        return so_far
    return (COUNTS[f"conversions_{window}"][row] + PRIOR * so_far) / (COUNTS[f"contacts_{window}"][row] + PRIOR)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (Number(column="age"), [29, 30, 31, 0.5, -4, NAN, 999]),
        (Number(column="age", divide=10), [2.9, 3, 3.1, 0.05, -0.4, NAN, 99.9]),
        (Number(column="age", above=30), [0, 0, 1, 0, 0, 0, 1]),
        (Number(column="age", above=0), [1, 1, 1, 1, 0, 0, 1]),
        (Number(column="age", below=30), [1, 0, 0, 1, 1, 0, 0]),
        (Number(column="age", below=0), [0, 0, 0, 0, 1, 0, 0]),
        (Number(column="age", never=(999, -4)), [1, 1, 1, 1, 0, 0, 0]),
        (Number(column="age", never=(0,)), [1, 1, 1, 1, 1, 0, 1]),
        (Number(column="age", missing=7), [29, 30, 31, 0.5, -4, 7, 999]),
        (Number(column="age", missing=0), [29, 30, 31, 0.5, -4, 0, 999]),
        (Number(column="age", missing=31, above=30), [0, 0, 1, 0, 0, 1, 1]),
        (Number(column="age", log=True), [math.log(29), math.log(30), math.log(31), 0, 0, NAN, math.log(999)]),
        (Number(column="breed", **{"is": ("texel", "cow")}), [1, 0, 0, 0, 0, 1, 1]),
    ],
)
def test_numbers_of_a_column(number: Number, expected: list[float]) -> None:
    assert computed(number) == pytest.approx(expected, nan_ok=True)


def test_logarithms_of_one_more_and_with_a_sign() -> None:
    rows = TABLE.assign(age=[0.0, 1, 2, 5, 11, 23, 998])
    assert computed(Number(column="age", log1p=True), rows) == pytest.approx([math.log(1 + age) for age in rows["age"]])
    signed = TABLE.assign(age=[0.0, 4, -4, 6, -6, 2000, -1])
    expected = [math.copysign(math.log(1 + abs(age) / 2), age) for age in signed["age"]]
    assert computed(Number(column="age", signed_log=2), signed) == pytest.approx(expected)


@pytest.mark.parametrize("window", [1, 3, "all"])
def test_a_rate_is_shrunk_and_a_volume_is_a_logarithm(window: int | str) -> None:
    name = "all" if window == "all" else f"{window}d"
    rate = Number(rate=window)  # type: ignore[arg-type]
    assert computed(rate) == pytest.approx([logit(shrunk(row, name)) for row in range(7)])
    volume = Number(volume=window)  # type: ignore[arg-type]
    assert computed(volume) == pytest.approx([math.log(1 + made) for made in COUNTS[f"contacts_{name}"]])


def test_before_anybody_was_called_every_rate_is_the_first() -> None:
    for number in (Number(rate=1), Number(rate="all")):
        assert computed(number)[6] == pytest.approx(logit(FIRST_RATE))


def test_a_column_times_a_windows_level() -> None:
    level = [logit(shrunk(row, "3d")) - logit(FIRST_RATE) for row in range(7)]
    above = [0, 0, 1, 0, 0, 0, 1]
    assert computed(Number(column="age", above=30, times_level=3)) == pytest.approx(
        [one * two for one, two in zip(above, level, strict=True)]
    )


def test_a_row_has_the_rate_of_its_own_segment_and_the_others_share_what_is_left() -> None:
    expected = []
    for row, breed in enumerate(BREEDS):
        part = "sheep" if breed in ("texel", "suffolk") else "goats" if breed in ("boer", "angora") else ""
        won, made = COUNTS["conversions_3d"][row], COUNTS["contacts_3d"][row]
        if part:
            won, made = COUNTS[f"conversions_3d_{part}"][row], COUNTS[f"contacts_3d_{part}"][row]
        else:
            won -= COUNTS["conversions_3d_sheep"][row] + COUNTS["conversions_3d_goats"][row]
            made -= COUNTS["contacts_3d_sheep"][row] + COUNTS["contacts_3d_goats"][row]
        rate = shrunk(row, "3d")
        expected.append(logit((won + OWN_PRIOR * rate) / (made + OWN_PRIOR)) - logit(rate))
    assert computed(Number(segment="breed")) == pytest.approx(expected, abs=1e-12)
    assert len({round(value, 6) for value in expected[:6]}) == 6, "no two rows are the same by chance"
    assert expected[6] == pytest.approx(0)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 500), st.integers(0, 500), st.floats(0.5, 50))
def test_a_shrunk_rate_lies_between_its_window_and_the_campaign(
    won: int, lost: int, before: int, lost_before: int, prior: float
) -> None:
    counts = {
        "conversions_1d": [won],
        "contacts_1d": [won + lost],
        "conversions_all": [before],
        "contacts_all": [before + lost_before],
    }
    spec = FeatureSpec(
        attributes={}, forbidden=(), first_rate=FIRST_RATE, blocks={"one": {"it": Number(rate=1)}}, sets={"all": ("one",)}
    )
    found = 1 / (1 + math.exp(-float(numbers(pd.DataFrame(counts), spec, "all", prior)["it"][0])))
    campaign = (before + prior * FIRST_RATE) / (before + lost_before + prior)
    window = won / (won + lost) if won + lost else campaign
    low, high = sorted((window, campaign))
    assert low - 1e-9 <= found <= high + 1e-9


def test_numbers_come_in_the_order_of_the_blocks_and_a_missing_column_is_named() -> None:
    blocks = {"one": {"b": Number(column="age"), "a": Number(volume=1)}, "two": {"c": Number(column="size")}}
    spec = FeatureSpec(attributes={}, forbidden=(), blocks=blocks, sets={"some": ("one",), "all": ("two", "one")})
    assert list(numbers(TABLE, spec, "some", PRIOR)) == ["b", "a"]
    with pytest.raises(KeyError, match="size"):
        numbers(TABLE, spec, "all", PRIOR)
    assert list(numbers({**TABLE, "size": np.ones(7)}, spec, "all", PRIOR)) == ["c", "b", "a"]


def test_a_number_says_what_it_is_of_and_what_is_done_with_it() -> None:
    assert Number(column="age").transforms == []
    assert Number(column="age", above=0.0, divide=2, log=True).transforms == ["above", "divide", "log"]
    assert Number(column="age", **{"is": ("a",)}, never=(0,), signed_log=1).transforms == ["among", "never", "signed_log"]
    assert Number(column="age", log=False).sources == ["column"]
    assert Number(rate="all", volume=1).sources == ["rate", "volume"]
    assert Number(segment="breed").sources == ["segment"]


@pytest.mark.parametrize(
    ("feature_set", "known"),
    [("early", True), ("late", False), ("both", False), ("", False), ("counts", True), ("other", True)],
)
def test_a_set_is_known_before_the_calls_unless_a_column_of_it_is_published_later(feature_set: str, known: bool) -> None:
    attributes = {
        "age": Attribute(type="number", title="Age"),
        "price": Attribute(type="number", title="Price", published_later=True),
    }
    blocks = {
        "early": {"age": Number(column="age")},
        "late": {"price": Number(column="price")},
        "counts": {"rate": Number(rate=1)},
        "other": {"size": Number(column="list_size")},
    }
    sets: dict[str, tuple[str, ...]] = {name: (name,) for name in blocks} | {"both": ("early", "late")}
    spec = FeatureSpec(attributes=attributes, forbidden=(), blocks=blocks, sets=sets, default_set="both")
    assert spec.point_in_time(feature_set) is known
