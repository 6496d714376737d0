"""The features artifact: each contact day lies in the part that the split says, first and last days included."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise

import pandas as pd
import pyarrow.parquet as pq
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


def test_rows_lie_in_groups_in_time_order_so_that_some_days_are_read_alone(
    small_run: SmallRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = replace(small_run.context, run_id="groups")
    inputs = transform_data.TransformationInputs(snapshot=small_run.made.refs["ingest_data"])
    monkeypatch.setattr(transform_data, "ROWS_PER_GROUP", 1_000)
    ref = transform_data.run(transform_data.TransformationConfig(), inputs, context).ref
    with context.store.local_copy(f"{ref.uri}/features/part-0.parquet") as path:
        footer = pq.read_metadata(path)
    column = footer.schema.names.index("contact_date")
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    assert [group.num_rows for group in groups[:-1]] == [1_000] * (len(groups) - 1)
    spans = [(group.column(column).statistics.min, group.column(column).statistics.max) for group in groups]
    assert len(spans) == 5
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    whole = train_model.load_features(small_run.made.refs["transform_data"], small_run.context)
    pd.testing.assert_frame_equal(train_model.load_features(ref, context), whole)
    some = train_model.load_features(ref, context, since=spans[2][0], until=spans[2][1])
    inside = whole["contact_date"].between(str(spans[2][0]), str(spans[2][1]))
    pd.testing.assert_frame_equal(some, whole[inside].reset_index(drop=True), check_dtype=False)


@pytest.mark.parametrize(
    ("day", "part"),
    [("2010-01-01", "train"), ("2010-02-28", "train"), ("2010-03-01", "validation"), ("2010-03-30", "validation"),
     ("2010-03-31", "holdout"), ("2010-04-09", "holdout")],
)  # fmt: skip
def test_the_first_day_of_a_part_belongs_to_it(day: str, part: str) -> None:
    split = TemporalSplit(date(2010, 1, 1), date(2010, 3, 1), date(2010, 3, 31), date(2010, 4, 9), 59, 30, 10)
    assert split.part(date.fromisoformat(day)) == part
