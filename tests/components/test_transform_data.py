"""The features artifact: each contact day lies in the part that the split says, first and last days included."""

from __future__ import annotations

from datetime import date

import pytest

from bank_marketing.components import train_model, transform_data
from bank_marketing.etl.split import TemporalSplit
from tests.support.small_run import SmallRun


def test_every_day_is_labelled_as_the_split_says(small_run: SmallRun) -> None:
    context, ref = small_run.context, small_run.made.refs["transform_data"]
    table = train_model.load_features(ref, context)
    told = transform_data.load(ref, context).split
    split = TemporalSplit(
        **{name: date.fromisoformat(value) if isinstance(value, str) else value for name, value in told.items()}
    )
    labels = table.groupby("contact_date")["split"].unique().map(list)
    assert labels.to_dict() == {day: [split.part(date.fromisoformat(day))] for day in labels.index}
    first = table.groupby("split")["contact_date"].min()
    assert first["holdout"] == split.holdout_from.isoformat()
    assert first["validation"] == split.validation_from.isoformat()
    counts = table["split"].value_counts()
    assert (counts["train"], counts["validation"], counts["holdout"]) == (
        split.train_rows, split.validation_rows, split.holdout_rows
    )  # fmt: skip


@pytest.mark.parametrize(
    ("day", "part"),
    [("2010-01-01", "train"), ("2010-02-28", "train"), ("2010-03-01", "validation"), ("2010-03-30", "validation"),
     ("2010-03-31", "holdout"), ("2010-04-09", "holdout")],
)  # fmt: skip
def test_the_first_day_of_a_part_belongs_to_it(day: str, part: str) -> None:
    split = TemporalSplit(date(2010, 1, 1), date(2010, 3, 1), date(2010, 3, 31), date(2010, 4, 9), 59, 30, 10)
    assert split.part(date.fromisoformat(day)) == part
