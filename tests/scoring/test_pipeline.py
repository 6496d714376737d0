"""The scoring pipeline as a whole: what is published, what is kept out, what stops it."""

from __future__ import annotations

import csv
import shutil
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.artifacts.local import path_of
from bank_marketing.campaign import open_campaign
from bank_marketing.errors import (
    ArtifactCorrupt,
    ConfigError,
    ContractViolation,
    LandedFileMissing,
    ModelIncompatible,
    NoProductionModel,
    NotEnoughHistory,
)
from bank_marketing.landing import inbox
from bank_marketing.monitoring import window
from bank_marketing.pipelines import PipelineRun
from bank_marketing.pipelines.scoring import STEPS
from bank_marketing.registry.registry import Registry
from bank_marketing.rules.calendar import Calendar
from bank_marketing.scoring import call_list, notice
from bank_marketing.scoring.predictions import PredictionLog
from bank_marketing.scoring.scorer import Scorer
from bank_marketing.scoring.state import campaign_state_for, latest_campaign_state
from bank_marketing.settings import Settings
from tests.scoring.small_lists import (
    BAD,
    COMING,
    context_of,
    copied_platform,
    land_list,
    land_list_of_the_past,
    people,
    published,
    score,
    settings_in,
    with_bad_row,
    write_list,
)
from tests.support.campaign import CONTRACT, FEATURES
from tests.support.landed import lines
from tests.support.small_run import DAYS, LAST, SmallRun


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, small_run: SmallRun) -> Path:
    """A platform with version 1 in production and the list of the coming Monday."""
    folder = copied_platform(small_run, tmp_path_factory.mktemp("scoring"))
    land_list(settings_in(folder).landing, with_bad_row(COMING))
    return folder


@pytest.fixture(scope="module")
def settings(home: Path) -> Settings:
    return settings_in(home)


@pytest.fixture(scope="module")
def night(settings: Settings) -> PipelineRun:
    return score(settings)


def read_csv(run: PipelineRun, name: str) -> list[dict[str, str]]:
    with (path_of(run.refs["publish_call_list"].uri) / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=";"))


def scores(run: PipelineRun) -> pd.DataFrame:
    return pd.read_parquet(path_of(run.refs["publish_call_list"].uri) / "scores")


def test_every_good_prospect_is_scored_once_and_ranked(night: PipelineRun) -> None:
    table = scores(night)
    assert sorted(table["contact_id"]) == sorted(str(row["contact_id"]) for row in people(COMING) if row["contact_id"] != BAD)
    assert table["rank"].tolist() == list(range(1, 40))
    assert table["probability"].is_monotonic_decreasing
    assert (table["decile"].min(), table["decile"].max()) == (1, 10)
    assert table["decile"].is_monotonic_increasing


def test_parquet_and_csv_say_the_same(night: PipelineRun) -> None:
    table, rows = scores(night), read_csv(night, "scores.csv")
    assert [row["contact_id"] for row in rows] == table["contact_id"].tolist()
    assert [float(row["probability"]) for row in rows] == table["probability"].tolist()
    assert list(rows[0]) == list(call_list.COLUMNS)
    assert {row["run_id"] for row in rows} == {"night"}
    assert {row["as_of"] for row in rows} == {str(LAST)}


def test_the_call_list_holds_those_at_or_above_the_threshold(night: PipelineRun) -> None:
    table = scores(night)
    called = [row["contact_id"] for row in read_csv(night, "call_list.csv")]
    assert called == table.loc[table["decision"], "contact_id"].tolist()
    assert 0 < len(called) < len(table)


def test_a_bad_row_is_quarantined_with_its_reason_and_cannot_run_in_a_spreadsheet(night: PipelineRun) -> None:
    (row,) = read_csv(night, "rejected.csv")
    assert row["contact_id"] == BAD
    assert (row["status"], row["job"], row["list_size"]) == ("rejected", "'=HYPERLINK(1)", "40")
    assert "is not admin. | blue-collar" in row["problems"]
    for name in ("scores.csv", "call_list.csv", "rejected.csv"):
        assert not any(value.startswith(("=", "+", "@")) for line in read_csv(night, name) for value in line.values())


def test_the_batch_gives_the_bits_that_the_scorer_gives_for_one(night: PipelineRun, settings: Settings) -> None:
    context = context_of(settings)
    registry = Registry(settings, context.store)
    version = registry.production()
    scorer = Scorer(registry.load(version), version, open_campaign(settings).economics, CONTRACT)
    state = latest_campaign_state(context.store, LAST)
    found = scores(night).set_index("contact_id")["probability"]
    for row in people(COMING)[5:9]:
        alone = scorer.score(pd.DataFrame([row]).drop(columns=["y", "duration"]), COMING, state, 40)
        assert alone["probability"].iloc[0] == found[row["contact_id"]]


def test_every_prediction_is_on_record(night: PipelineRun, settings: Settings) -> None:
    log = PredictionLog(context_of(settings).store)
    for row in scores(night).head(3).to_dict("records"):
        record = log.get(row["prediction_id"])
        assert (record.contact_id, record.probability, record.day) == (row["contact_id"], row["probability"], COMING)


def test_the_mail_says_what_was_published(night: PipelineRun, settings: Settings) -> None:
    told = notice.load(night.refs["notify_scored"], context_of(settings))
    assert f"of 39 prospects of {COMING} to be called" in told.headline


def test_a_run_again_replaces_the_list_and_never_doubles_it(night: PipelineRun, settings: Settings) -> None:
    again = score(settings, "second-night")
    assert again.refs["score_prospects"].digest == night.refs["score_prospects"].digest
    assert again.refs["publish_call_list"].uri == night.refs["publish_call_list"].uri
    assert len(scores(again)) == 39
    assert set(scores(again)["run_id"]) == {"second-night"}


def test_the_mail_of_a_run_whose_list_was_made_again_meanwhile_tells_of_the_list_that_stands(
    night: PipelineRun, settings: Settings
) -> None:
    """The evenings of a weekend have Monday's list in common: in a backfill of several days at once their runs overtake each other."""
    score(settings, "overtakes")
    inputs = notice.NoticeInputs(call_list=night.refs["publish_call_list"], prospects=night.refs["validate_prospects"])
    told = notice.run(notice.NoticeConfig(), inputs, context_of(settings, "overtaken"))
    assert "of 39 prospects" in told.headline
    assert "since then by test_scoring, overtakes" in (path_of(told.ref.uri) / "mail.html").read_text(encoding="utf-8")


def test_a_past_day_is_scored_with_what_its_own_evening_knew(settings: Settings) -> None:
    store, evening = context_of(settings).store, DAYS[60]
    state = campaign_state_for(store, DAYS[61], evening, FEATURES)
    assert state.last_contact_day == evening
    assert (state.counts["contacts_1d"], state.counts["contacts_5d"], state.counts["contacts_all"]) == (60, 300, 61 * 60)
    features = pd.read_parquet(path_of(state.features_uri) / "features")
    next_day = features[features["contact_date"].astype(str) == str(DAYS[61])].iloc[0]
    counted = [name for name in state.counts if name != "list_size"]
    assert {name: int(next_day[name]) for name in counted} == {name: state.counts[name] for name in counted}


def test_a_backfill_gives_what_the_model_says_of_the_features_of_that_day(settings: Settings) -> None:
    """To the last bit: the features table of the later training run has that day's rows, made from the days before it."""
    evening, day = DAYS[70], DAYS[71]
    land_list_of_the_past(settings.landing, day)
    made = score(settings, "backfill", as_of=evening)
    context = context_of(settings)
    registry = Registry(settings, context.store)
    features = pd.read_parquet(path_of(latest_campaign_state(context.store, LAST).features_uri) / "features")
    rows = features[features["contact_date"].astype(str) == str(day)].sort_values("contact_id")
    scored = scores(made).sort_values("contact_id")
    assert scored["contact_id"].tolist() == rows["contact_id"].tolist()
    assert scored["probability"].tolist() == registry.load(registry.production()).predict_proba(rows).tolist()


def test_a_list_made_again_in_hindsight_says_so_and_counts_as_no_forecast(settings: Settings, night: PipelineRun) -> None:
    learned = DAYS[41]  # the model's own training days; those that it was judged on are none
    land_list_of_the_past(settings.landing, learned)
    made = score(settings, "backfill", as_of=DAYS[40])
    context = context_of(settings)
    assert call_list.load(made.refs["publish_call_list"], context).hindsight
    coming = context.store.manifest(night.refs["publish_call_list"].uri).ref  # as it stands: other tests publish it again
    assert not call_list.load(coming, context).hindsight
    assert "no forecasts" in (path_of(made.refs["notify_scored"].uri) / "mail.html").read_text(encoding="utf-8")
    counted = window.predictions(context.store, [str(learned), str(COMING)])
    assert set(counted["contact_date"]) == {str(COMING)}


def test_scores_that_were_altered_are_not_published_and_the_list_before_stays(settings: Settings, night: PipelineRun) -> None:
    context = context_of(settings, "altered")
    refs: dict[str, ArtifactRef] = {}
    for step in ("select_model", "validate_prospects", "score_prospects"):
        refs[step] = STEPS[step](refs, context, {})
    before = published(settings)
    part = next(path_of(refs["score_prospects"].uri).rglob("part-0.parquet"))
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    with pytest.raises(ArtifactCorrupt, match="was altered"):
        STEPS["publish_call_list"](refs, context, {})
    assert published(settings) == before
    assert before


def test_an_evening_that_no_features_reach_is_refused(settings: Settings) -> None:
    with pytest.raises(NotEnoughHistory, match="Run the training DAG as of"):
        campaign_state_for(context_of(settings).store, LAST + timedelta(days=9), LAST + timedelta(days=7), FEATURES)


def test_an_uploaded_list_is_scored_beside_the_landed_one(settings: Settings) -> None:
    land_list(settings.landing, people(COMING, 12), name="branch.csv")
    made = score(settings, "upload", file="branch.csv")
    assert "/call_lists/uploads/" in made.refs["publish_call_list"].uri
    assert len(scores(made)) == 12


@pytest.mark.parametrize("name", ["../contacts/dt=2009-01-05/contacts.csv", "/etc/hostname", "absent.csv", "."])
def test_only_lists_in_the_inbox_are_read(settings: Settings, name: str) -> None:
    with pytest.raises(ConfigError):
        inbox.uploaded(name, settings.landing, LAST, Calendar())


HEADER = lines([], prospects=True)[0]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ([HEADER], "no rows below its first line"),
        ([HEADER.replace('"job";', ""), "x"], "missing columns: job"),
        (
            lines([row | {"age": 5} for row in people(COMING)], prospects=True),
            "none of its 40 rows can be scored: age 5 must be",
        ),
    ],
    ids=["empty", "shape", "all bad"],
)
def test_a_list_that_cannot_be_used_stops_the_run_and_nothing_is_published(
    settings: Settings, content: list[str], says: str
) -> None:
    before = published(settings)
    write_list(settings.landing, COMING, content, name="broken.csv")
    with pytest.raises(ContractViolation, match=says):
        score(settings, "broken", file="broken.csv")
    context = context_of(settings, "broken")
    assert not context.store.has_manifest(context.component_uri("validate_prospects"))
    assert published(settings) == before


def test_no_list_yet_is_said(settings: Settings) -> None:
    with pytest.raises(LandedFileMissing, match="no call list of a day after"):
        score(settings, "early", as_of=COMING)


def test_without_a_production_model_nothing_starts(tmp_path: Path) -> None:
    with pytest.raises(NoProductionModel, match="make run"):
        score(settings_in(tmp_path))
    assert published(settings_in(tmp_path)) == {}


def test_a_model_whose_signature_does_not_fit_is_refused(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home, tmp_path / "home")
    import mlflow

    settings = settings_in(tmp_path / "home")
    store = context_of(settings).store
    registry = Registry(settings, store)
    registry.client  # noqa: B018  connects
    with mlflow.start_run():
        info = mlflow.pyfunc.log_model(
            name="model",
            python_model=lambda model_input: [0.5] * len(model_input),
            signature=mlflow.models.infer_signature(pd.DataFrame({"balance": [1.0]}), [0.5]),
            pip_requirements=[],
        )
    made = registry.client.create_model_version(registry.name, info.model_uri, tags={"model_digest": "other"})
    registry.client.set_registered_model_alias(registry.name, "production", made.version)
    before = published(settings)
    with pytest.raises(ModelIncompatible, match="balance"):
        score(settings, "misfit")
    assert published(settings) == before
