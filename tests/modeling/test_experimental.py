"""Columns that a search tries beside the features: declared by the campaign, point-in-time, and without a trace in production."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from bank_marketing.campaign import load_campaign
from bank_marketing.campaign.features import ExperimentalColumn, FeatureSpec, Number
from bank_marketing.modeling import protocol, search
from bank_marketing.modeling.experimental import with_experimental_columns
from bank_marketing.modeling.grid import experiments, ridge
from tests.support.campaign import FEATURES
from tests.support.features import features_table


def spec(**columns: ExperimentalColumn) -> FeatureSpec:
    return FEATURES.model_copy(update={"experimental": {"block": columns}})


def days(**columns: list[object]) -> pd.DataFrame:
    """One row a contact day."""
    length = len(next(iter(columns.values())))
    return pd.DataFrame(columns | {"contact_date": [f"2009-03-{2 + day:02d}" for day in range(length)]})


@pytest.fixture(scope="module")
def ordered() -> pd.DataFrame:
    return protocol.in_time_order(features_table(days=60, rows_a_day=25))


@pytest.mark.parametrize("campaign", ["bank_marketing", "bank_full"])
def test_all_declared_columns_are_made_and_tried(campaign: str, ordered: pd.DataFrame) -> None:
    declared = load_campaign(campaign).features
    made = with_experimental_columns(ordered, declared)
    names = [name for block in declared.experimental.values() for name in block]
    assert list(made.columns[len(ordered.columns) :]) == names
    assert bool(made[names].notna().all(axis=None))
    tried = {one.choice.extra_columns for one in experiments(declared)} - {()}
    assert tried == {tuple(block) for block in declared.experimental.values()}


def test_nothing_looks_ahead(ordered: pd.DataFrame) -> None:
    last = ordered["contact_date"].max()
    turned = ordered.assign(y=ordered["y"].where(ordered["contact_date"] < last, 1 - ordered["y"]))
    pd.testing.assert_frame_equal(
        with_experimental_columns(ordered, FEATURES).drop(columns="y"),
        with_experimental_columns(turned, FEATURES).drop(columns="y"),
    )


def test_a_share_counts_a_row_once_for_which_two_flags_hold() -> None:
    table = pd.DataFrame({"contact_date": ["2009-03-02"] * 3, "age": [70, 20, 40]})
    flags = (Number(column="age", above=60), Number(column="age", below=25), Number(column="age", above=65))
    made = with_experimental_columns(table, spec(mix=ExperimentalColumn(share=flags)))
    assert made["mix"].tolist() == [0.6, 0.6, 0.6], "two of three, and a half of two more"


def test_a_change_and_a_published_figure_are_those_of_earlier_days() -> None:
    table = days(price=[1.0, 3.0, 6.0, 10.0])
    columns = {"moved": ExperimentalColumn(change_of="price", days=2), "known": ExperimentalColumn(published="price", days=2)}
    made = with_experimental_columns(table, spec(**columns))
    assert made["moved"].tolist() == [0, 0, 5, 7]
    assert made["known"].tolist() == [1, 1, 1, 3]


def test_rates_begin_at_the_first_rate_and_follow_the_outcomes_before() -> None:
    table = days(y=[1, 0, 1], job=["student", "retired", "student"])
    columns = {"faded": ExperimentalColumn(half_life=1), "own": ExperimentalColumn(segment="job")}
    made = with_experimental_columns(table, spec(**columns))
    assert made["faded"].tolist()[0] == pytest.approx(math.log(0.1 / 0.9))
    rate = (4 / 3 + 0.5) / (4 / 3 + 5)  # one success of one contact, at weights of 1 and a half, and the prior
    assert made["faded"].tolist()[1] == pytest.approx(math.log(rate / (1 - rate)))
    assert made["own"].tolist()[0] == pytest.approx(0)
    assert made["own"].tolist()[2] > 0, "students have subscribed before, the campaign less often"


def test_what_is_tried_is_part_of_no_digest_and_of_no_stored_model() -> None:
    bare = FEATURES.model_copy(update={"experimental": {}})
    assert (bare.digest, bare.text) == (FEATURES.digest, FEATURES.text)
    assert "half_life" not in FEATURES.text


def test_kept_predictions_are_those_of_the_column_as_it_is_declared(tmp_path: Path, ordered: pd.DataFrame) -> None:
    """A column that is declared otherwise under its old name is computed anew."""
    choice = ridge(FEATURES.default_set).model_copy(update={"extra_columns": ("faded",)})
    since = str(ordered["month"].max())
    found = []
    for half_life in (2, 20):
        declared = spec(faded=ExperimentalColumn(half_life=half_life))
        table = with_experimental_columns(ordered, declared)
        found.append(search.predict(choice, table, declared, tmp_path, "data", since))
    assert not pd.Series(found[0]).equals(pd.Series(found[1]))
    assert len(list((tmp_path / "predictions").glob("*.npy"))) == 2
