"""The seven steps together: the same data give the same digests, wherever and whenever they run."""

from __future__ import annotations

from pathlib import Path

import pytest

from bank_marketing.artifacts.local import path_of
from bank_marketing.components import ingest_data, promote_model, transform_data
from bank_marketing.errors import ConfigError
from bank_marketing.pipelines import run_step
from bank_marketing.pipelines.training import STEPS
from tests.support.small_run import DAYS, LAST, SmallRun, run_small

#: Steps whose content does not depend on which model was in production.
WITHOUT_CHAMPION = ("ingest_data", "validate_data", "transform_data", "train_model")


def test_another_home_gives_the_same_digests_metrics_and_model_bytes(small_run: SmallRun, tmp_path: Path) -> None:
    other = run_small(tmp_path, "elsewhere")
    assert {step: ref.digest for step, ref in other.made.refs.items()} == {
        step: ref.digest for step, ref in small_run.made.refs.items()
    }
    one, two = (path_of(run.made.refs["train_model"].uri) / "model" / "model.skops" for run in (small_run, other))
    assert one.read_bytes() == two.read_bytes()
    one, two = (path_of(run.made.refs["evaluate_model"].uri) / "evaluation.json" for run in (small_run, other))
    assert one.read_bytes() == two.read_bytes()


def test_a_second_run_reads_nothing_again_and_leaves_production_alone(tmp_path: Path) -> None:
    first = run_small(tmp_path, "first")
    second = run_small(tmp_path, "second")
    for step in WITHOUT_CHAMPION:
        assert second.made.refs[step].digest == first.made.refs[step].digest, step
    assert second.context.store.manifest(second.made.refs["ingest_data"]).notes["new_files"] == 0
    decided = promote_model.load(second.made.refs["promote_model"], second.context)
    assert (decided.decision, decided.from_version, decided.to_version) == ("unchanged", 1, 1)


def test_every_row_is_accounted_for(small_run: SmallRun) -> None:
    snapshot = ingest_data.load(small_run.made.refs["ingest_data"], small_run.context).snapshot
    rows = snapshot.rows
    assert rows["rows_read"] == rows["clean"] + rows["rejected"] + rows["duplicates"] == 80 * 60 + 2
    assert rows["rejected"] == 2


def test_the_parts_follow_each_other_in_time(small_run: SmallRun) -> None:
    features = transform_data.load(small_run.made.refs["transform_data"], small_run.context)
    assert features.rows["train"] + features.rows["validation"] + features.rows["holdout"] == features.rows["rows"] == 80 * 60
    assert str(DAYS[0]) < str(features.split["validation_from"]) < str(features.split["holdout_from"]) < str(LAST)


def test_the_first_model_that_beats_the_baselines_goes_to_production(small_run: SmallRun) -> None:
    decided = promote_model.load(small_run.made.refs["promote_model"], small_run.context)
    assert (decided.decision, decided.from_version, decided.to_version) == ("promoted", None, 1)


def test_references_are_small_enough_for_xcom(small_run: SmallRun) -> None:
    assert list(small_run.made.refs) == list(STEPS)
    assert max(len(ref.model_dump_json()) for ref in small_run.made.refs.values()) < 1000


def test_a_step_that_no_pipeline_has_is_refused(small_run: SmallRun) -> None:
    with pytest.raises(ConfigError, match="forecast_weather"):
        run_step("forecast_weather", {}, small_run.context, {})
