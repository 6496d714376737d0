"""The counts of an evening against a plain loop: no Spark is needed to know what a window holds."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bank_marketing.campaign.features import Count, FeatureSpec, Segment
from bank_marketing.etl.evening import counts_of_evening

FIRST = date(2009, 1, 5)

Contact = tuple[str, str, int]
contacts = st.tuples(st.sampled_from(["sheep", "goat", "cow"]), st.sampled_from(["barn", "field"]), st.integers(0, 1))


def spec(*windows: int, segment: int = 2) -> FeatureSpec:
    parts = {
        "animal": Segment(window=segment, counted={"small": ("sheep", "goat"), "large": ("cow",)}, prior=5),
        "place": Segment(window=segment + 1, counted={"inside": ("barn",)}, prior=5),
    }
    return FeatureSpec(attributes={}, forbidden=(), windows=windows, segments=parts, sets={"all": ()})


def table(days: list[list[Contact]]) -> pd.DataFrame:
    """A contact day every third calendar day: windows are of contact days."""
    rows = [(FIRST + timedelta(days=3 * number), *contact) for number, day in enumerate(days) for contact in day]
    return pd.DataFrame(rows, columns=["contact_date", "animal", "place", "y"])


def counted(days: list[list[Contact]], window: int | None, column: int = -1, among: tuple[str, ...] = ()) -> tuple[int, int]:
    taken = days if window is None else days[-window:]
    found = [contact for day in taken for contact in day if column < 0 or contact[column] in among]
    return len(found), sum(contact[2] for contact in found)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(st.lists(contacts, min_size=1, max_size=3), min_size=1, max_size=7), st.integers(1, 8), st.integers(1, 5))
@example([[("sheep", "barn", 1)]] * 7, 6, 5)
def test_every_count_is_that_of_a_plain_loop(days: list[list[Contact]], window: int, segment: int) -> None:
    found = counts_of_evening(table(days).sample(frac=1, random_state=1), spec(window, segment=segment))
    expected = {
        f"{window}d": counted(days, window),
        f"{segment}d_small": counted(days, segment, 0, ("sheep", "goat")),
        f"{segment}d_large": counted(days, segment, 0, ("cow",)),
        f"{segment + 1}d_inside": counted(days, segment + 1, 1, ("barn",)),
        "all": counted(days, None),
    }
    assert {name: (found[f"contacts_{name}"], found[f"conversions_{name}"]) for name in expected} == expected
    assert list(found) == [f"{of}_{name}" for name in expected for of in ("contacts", "conversions")]
    assert {type(value) for value in found.values()} == {int}


def test_a_day_without_a_segments_contacts_is_a_day_of_its_window_all_the_same() -> None:
    days: list[list[Contact]] = [[("cow", "barn", 1)], [("sheep", "barn", 0)], [("sheep", "field", 1)]]
    found = counts_of_evening(table(days), spec(1))
    assert (found["contacts_2d_large"], found["conversions_2d_large"]) == (0, 0), "two days ago, not two days with cows"
    assert counts_of_evening(table(days), spec(1, segment=3))["conversions_3d_large"] == 1


def test_the_declared_counts_have_their_names_windows_and_order() -> None:
    assert spec(1, 5).counts == (
        Count(name="contacts_1d", of="contacts", window=1),
        Count(name="conversions_1d", of="conversions", window=1),
        Count(name="contacts_5d", of="contacts", window=5),
        Count(name="conversions_5d", of="conversions", window=5),
        Count(name="contacts_2d_small", of="contacts", window=2, label="small"),
        Count(name="conversions_2d_small", of="conversions", window=2, label="small"),
        Count(name="contacts_2d_large", of="contacts", window=2, label="large"),
        Count(name="conversions_2d_large", of="conversions", window=2, label="large"),
        Count(name="contacts_3d_inside", of="contacts", window=3, label="inside"),
        Count(name="conversions_3d_inside", of="conversions", window=3, label="inside"),
        Count(name="contacts_all", of="contacts", window=None),
        Count(name="conversions_all", of="conversions", window=None),
    )


@pytest.mark.parametrize(("name", "daily"), [("", "contacts"), ("small", "contacts_small")])
def test_a_count_sums_the_days_count_of_its_segment(name: str, daily: str) -> None:
    assert Count(name="x", of="contacts", window=1, label=name).daily == daily
