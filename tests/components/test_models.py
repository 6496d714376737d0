"""Training, evaluation and promotion: what is evaluated is what is shipped, and only what is better goes to production."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.artifacts.local import path_of
from bank_marketing.components import evaluate_model, promote_model, train_model
from bank_marketing.components.context import RunContext
from bank_marketing.errors import ArtifactCorrupt, ConfigError, NoProductionModel, NotEnoughHistory, RegistryUnavailable
from bank_marketing.modeling.choice import ModelSpec
from bank_marketing.modeling.results import DEFAULT
from bank_marketing.registry import records
from bank_marketing.registry.registry import Registry
from bank_marketing.settings import Settings
from tests.support.campaign import CAMPAIGN
from tests.support.features import features_table, publish_features
from tests.support.mlflow_server import free_port, mlflow_server

CHOICE = ModelSpec(algorithm="logistic_regression", hyper_parameters={"C": 0.1})
DAY = date(2009, 5, 5)

MakeContext = Callable[..., RunContext]


def train(context: RunContext, table: pd.DataFrame, choice: ModelSpec = CHOICE) -> train_model.ModelArtifact:
    features = publish_features(table, context)
    return train_model.run(train_model.TrainingConfig(choice=choice), train_model.TrainingInputs(features=features), context)


def judge(
    context: RunContext, model: train_model.ModelArtifact, features: ArtifactRef | None = None
) -> evaluate_model.EvaluationArtifact:
    inputs = evaluate_model.EvaluationInputs(model=model.ref, features=features or model.features)
    return evaluate_model.run(evaluate_model.EvaluationConfig(resamples=200), inputs, context)


def push(
    context: RunContext, model: train_model.ModelArtifact, judged: evaluate_model.EvaluationArtifact, *, allowed: bool = True
) -> promote_model.PromotionArtifact:
    inputs = promote_model.PromotionInputs(evaluation=judged.ref, model=model.ref)
    return promote_model.run(promote_model.PromotionConfig(promote=allowed, who="tester", reason="a test"), inputs, context)


def registry_of(context: RunContext) -> Registry:
    return Registry(context.settings, context.store)


@pytest.fixture
def context(make_context: MakeContext) -> RunContext:
    return make_context(DAY)


def test_the_same_features_and_choice_give_the_same_model_bytes(make_context: MakeContext) -> None:
    one, two = (train(make_context(DAY, run), features_table()) for run in ("one", "two"))
    assert one.ref.digest == two.ref.digest
    assert one.files == two.files
    assert one.metrics == two.metrics


def test_mlflow_holds_everything_about_a_run(context: RunContext) -> None:
    model = train(context, features_table())
    client = mlflow.MlflowClient(context.settings.tracking_uri)
    run = client.get_run(model.mlflow_run_id)
    assert {"validation_f1", "validation_roc_auc", "validation_accuracy", "validation_precision", "validation_recall"} <= set(
        run.data.metrics
    )
    assert run.data.params["algorithm"] == "logistic_regression"
    assert run.data.params["hyper_parameters.C"] == "0.1"
    assert run.data.tags["features_digest"] == model.features.digest
    assert run.data.tags["model_digest"] == model.ref.digest
    assert {entry.dataset.name.split()[0] for entry in run.inputs.dataset_inputs} == {"train", "validation"}
    drawn = {Path(file.path).name for file in client.list_artifacts(model.mlflow_run_id, "plots")}
    assert drawn >= {"roc.png", "calibration.png", "importance.png", "effects.png"}
    assert len(drawn) == 7


def test_mlflow_serves_the_same_probabilities(context: RunContext) -> None:
    table = features_table()
    model = train(context, table)
    served = mlflow.pyfunc.load_model(f"models:/{model.mlflow_model_id}")
    assert served.metadata.signature is not None
    rows = table.tail(7)
    inputs = rows[[column.name for column in served.metadata.get_input_schema()]]
    numbers = dict.fromkeys(inputs.select_dtypes("number").columns, "float64")
    expected = train_model.load_model(model.ref, context).predict_proba(rows)
    assert np.array_equal(served.predict(inputs.astype(numbers)), expected)


def test_mlflow_never_writes_into_the_working_directory(
    context: RunContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    train(context, features_table())
    assert list(elsewhere.iterdir()) == []


def test_too_few_subscribers_is_said(context: RunContext) -> None:
    table = features_table()
    table.loc[table["split"] == "validation", "y"] = 0
    with pytest.raises(NotEnoughHistory, match="the validation days have 0 subscribers among 720 contacts"):
        train(context, table)


def test_a_campaign_without_a_search_trains_the_default_model_and_says_so(
    make_context: MakeContext, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    context = make_context(DAY, results_file=tmp_path / "results.json")
    features = publish_features(features_table(), context)
    with caplog.at_level("INFO"):
        made = train_model.run(train_model.TrainingConfig(), train_model.TrainingInputs(features=features), context)
    assert made.choice == DEFAULT.choice
    assert "training default ridge: there is no results.json" in caplog.text
    assert "bank-marketing experiments" in str(context.store.manifest(made.ref).notes["origin"])


def test_a_choice_whose_column_is_gone_trains_nothing(make_context: MakeContext, tmp_path: Path) -> None:
    content = json.loads(CAMPAIGN.results_file.read_text())
    path = tmp_path / "results.json"
    path.write_text(json.dumps(content | {"reads": content["reads"] | {"balance": "integer"}}))
    context = make_context(DAY, results_file=path)
    features = publish_features(features_table(), context)
    with pytest.raises(ConfigError, match="gone: balance"):
        train_model.run(train_model.TrainingConfig(), train_model.TrainingInputs(features=features), context)


def test_the_first_model_that_beats_the_baselines_goes_to_production(context: RunContext) -> None:
    model = train(context, features_table())
    judged = judge(context, model)
    assert judged.verdict.promote
    assert set(judged.result["baselines"]) == {"call everyone", "trailing rate"}
    assert judged.result["candidate"]["f1"] > judged.result["baselines"]["call everyone"]["f1"]
    done = push(context, model, judged)
    assert (done.decision, done.from_version, done.to_version) == ("promoted", None, 1)
    version = registry_of(context).production()
    assert (version.version, version.digest, version.stage) == (1, model.ref.digest, "production")
    record = records.history(context.store)[-1]
    assert (record.action, record.who, record.model_digest) == ("promoted", "tester", model.ref.digest)
    assert record.reasons[0] == "a test"


def test_where_half_of_the_calls_succeed_a_first_model_that_ties_on_f1_must_rank_better(make_context: MakeContext) -> None:
    found = {}
    for name, signal in (("ranks", 3.0), ("does not rank", 0.0)):
        table = features_table(signal=signal)
        generator = np.random.default_rng(2)
        table["y"] = np.where(generator.random(len(table)) < 0.4, 1, table["y"]).astype("int32")
        context = make_context(DAY, name)
        choice = CHOICE.model_copy(update={"threshold": "break_even"})  # everybody is above it: the calls are call-everyone's
        judged = judge(context, train(context, table, choice))
        assert judged.result["against"]["call everyone"]["difference"] == 0
        found[name] = judged
    assert found["ranks"].verdict.promote
    assert "ties with" in found["ranks"].verdict.reasons[0]
    assert "ranks better" in found["ranks"].verdict.reasons[0]
    assert not found["does not rank"].verdict.promote
    assert "does not beat" in found["does not rank"].verdict.reasons[0]


def test_a_first_model_that_is_no_better_than_the_baselines_stays_out(context: RunContext) -> None:
    model = train(context, features_table(signal=0.0))
    judged = judge(context, model)
    assert not judged.verdict.promote
    assert "does not beat" in judged.verdict.reasons[0]
    assert push(context, model, judged).decision == "rejected"
    with pytest.raises(NoProductionModel, match="no version in production yet"):
        registry_of(context).production()
    assert records.history(context.store)[-1].action == "rejected"


@pytest.fixture
def champion(make_context: MakeContext) -> RunContext:
    """A platform with a weak model in production: it knows one column too few to tell anybody apart."""
    context = make_context(DAY, "champion")
    blind = features_table()
    blind.loc[blind["split"] != "holdout", ["job", "contact"]] = ["unknown", "telephone"]
    model = train(context, blind)
    registry = registry_of(context)
    judge(context, model, model.features)
    version = registry.register(model.mlflow_run_id, model.mlflow_model_id, promote_model._tags(model, context))
    put = records.Record(
        action="promoted", at=datetime.now(UTC), who="tester", reasons=("put there by the test",), version=version.version
    )
    registry.promote(version, put)
    return context


def test_a_better_candidate_replaces_the_champion_which_is_archived(champion: RunContext, make_context: MakeContext) -> None:
    context = make_context(DAY, "candidate")
    model = train(context, features_table())
    judged = judge(context, model)
    assert judged.result["champion"]["f1"] < judged.result["candidate"]["f1"]
    assert judged.result["against"]["champion"]["low"] > 0
    assert push(context, model, judged).decision == "promoted"
    registry = registry_of(context)
    assert registry.production().version == 2
    archived = registry.at("archived")
    assert archived is not None
    assert (archived.version, archived.stage) == (1, "archived")


def test_the_same_model_again_changes_nothing(champion: RunContext, make_context: MakeContext) -> None:
    for run in ("first", "again"):
        context = make_context(DAY, run)
        model = train(context, features_table())
        judged = judge(context, model)
        done = push(context, model, judged)
    assert not judged.verdict.promote
    assert "same content" in judged.verdict.reasons[0]
    assert (done.decision, done.version, registry_of(context).production().version) == ("unchanged", 2, 2)


def test_a_retried_promotion_is_done_once(champion: RunContext, make_context: MakeContext) -> None:
    context = make_context(DAY, "candidate")
    model = train(context, features_table())
    judged = judge(context, model)
    first, again = push(context, model, judged), push(context, model, judged)
    assert (first.decision, again.decision) == ("promoted", "promoted")
    assert [version.version for version in registry_of(context).versions()] == [2, 1]
    assert [record.version for record in records.history(context.store)] == [1, 2]


def test_a_tie_keeps_the_champion(champion: RunContext, make_context: MakeContext) -> None:
    context = make_context(DAY, "better")
    model = train(context, features_table())
    push(context, model, judge(context, model))
    close = make_context(DAY, "close")
    rival = train(close, features_table(), CHOICE.model_copy(update={"hyper_parameters": {"C": 0.11}}))
    judged = judge(close, rival)
    assert not judged.verdict.promote
    assert "does not beat" in judged.verdict.reasons[0]
    assert push(close, rival, judged).decision == "rejected"
    assert registry_of(close).production().version == 2


def test_a_champion_that_has_seen_the_days_is_not_compared(champion: RunContext, make_context: MakeContext) -> None:
    context = make_context(DAY, "earlier")
    early = features_table()
    shifted = early.assign(split=np.where(early.index < 1200, "train", np.where(early.index < 2000, "validation", "holdout")))
    shifted = shifted[shifted.index < 2600]  # all of it lies before the champion's last day
    model = train(context, shifted)
    judged = judge(context, model)
    assert not judged.verdict.promote
    assert judged.verdict.reasons[0].startswith("Not comparable: version 1 has learned from these days")


def test_evaluating_and_promoting_again_overwrites_nothing_and_moves_no_stage_backwards(make_context: MakeContext) -> None:
    blind = features_table(signal=3.0)
    blind.loc[blind["split"] != "holdout", "contact"] = "telephone"  # knows less than the second, and more than a baseline
    first, second = make_context(DAY, "first"), make_context(DAY, "second")
    registry = registry_of(first)
    model = train(first, blind)
    judged = judge(first, model)
    done = push(first, model, judged)
    assert done.decision == "promoted"
    other = train(second, features_table(signal=3.0))
    assert push(second, other, judge(second, other)).decision == "promoted"
    before = records.history(first.store)

    again = judge(first, model)  # as a cleared task does: now the champion is another
    redone = push(first, model, again)
    for stood_on in (judged.ref, done.ref):
        first.store.verify(stood_on)
    assert evaluate_model.load(judged.ref, first) == judged, "what the promotion stood on is as it was"
    assert again.ref.uri == f"{judged.ref.uri}-2"
    assert again.champion_version == 2
    assert redone.decision == "unchanged"
    assert "a re-run does not put it back" in redone.reasons[0]
    assert {entry.version: entry.stage for entry in registry.versions()} == {1: "archived", 2: "production"}
    assert registry.at("staging") is None or registry.at("staging") == registry.get(2)
    assert records.history(first.store) == before, "nothing was decided"


def test_a_version_that_no_longer_loads_does_not_bar_the_way(champion: RunContext, make_context: MakeContext) -> None:
    registry = registry_of(champion)
    registry.client.delete_model_version_tag(registry.name, "1", "files")  # as a release before 0.2 registered it
    context = make_context(DAY, "candidate")
    model = train(context, features_table())
    judged = judge(context, model)
    assert judged.verdict.promote
    assert judged.result["champion"] is None
    assert judged.verdict.reasons[-1].startswith("Version 1 in production cannot be loaded and is not compared")
    assert push(context, model, judged).decision == "promoted"
    assert registry.production().version == 2


def test_a_run_that_may_not_promote_leaves_the_registry_alone(champion: RunContext, make_context: MakeContext) -> None:
    context = make_context(DAY, "backfill")
    model = train(context, features_table())
    done = push(context, model, judge(context, model), allowed=False)
    assert (done.decision, done.version) == ("skipped", None)
    assert [version.version for version in registry_of(context).versions()] == [1]
    assert len(records.history(context.store)) == 1


def test_a_verdict_about_another_model_promotes_nothing(make_context: MakeContext) -> None:
    one, two = make_context(DAY, "one"), make_context(DAY, "two")
    judged = judge(one, train(one, features_table()))
    other = train(two, features_table(seed=2))
    with pytest.raises(ConfigError, match="what is promoted must be what was evaluated"):
        push(two, other, judged)


def test_rollback_puts_an_earlier_version_back_on_record(champion: RunContext, make_context: MakeContext) -> None:
    context = make_context(DAY, "candidate")
    model = train(context, features_table())
    push(context, model, judge(context, model))
    registry = registry_of(context)
    record = registry.rollback(1, reason="complaints", who="auditor")
    assert registry.production().version == 1
    assert (record.action, record.from_version, record.to_version, record.reasons) == ("rolled_back", 2, 1, ("complaints",))
    assert records.history(context.store)[-1] == record
    with pytest.raises(ConfigError, match="is in production already"):
        registry.rollback(1, reason="again", who="auditor")
    with pytest.raises(ConfigError, match="has no version 9; there are: 1, 2"):
        registry.rollback(9, reason="typo", who="auditor")
    with pytest.raises(ConfigError, match="needs a reason"):
        registry.rollback(2, reason=" ", who="auditor")


def test_an_altered_model_in_the_registry_is_not_loaded(champion: RunContext) -> None:
    registry = registry_of(champion)
    version = registry.production()
    for path in (champion.settings.home / "artifacts" / "mlflow").rglob("artifacts/model/model.skops"):
        path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(ArtifactCorrupt, match="was altered; it is not loaded"):
        registry.load(version)


def test_an_altered_model_artifact_is_not_evaluated(context: RunContext) -> None:
    model = train(context, features_table())
    path_of(f"{model.ref.uri}/model/model.json").write_text("{}")
    with pytest.raises(ArtifactCorrupt, match=r"model\.json was altered"):
        judge(context, model)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mlflow_server(tmp_path_factory.mktemp("mlflow")) as uri:
        yield uri


def test_all_of_it_works_on_an_mlflow_server(server: str, make_context: MakeContext) -> None:
    context = make_context(DAY, mlflow_tracking_uri=server)
    model = train(context, features_table())
    assert push(context, model, judge(context, model)).decision == "promoted"
    registry = registry_of(context)
    loaded = registry.load(registry.production())
    rows = features_table().tail(5)
    assert np.array_equal(loaded.predict_proba(rows), train_model.load_model(model.ref, context).predict_proba(rows))
    assert len(registry.reference(registry.production())) == 2880


def test_a_server_that_does_not_answer_is_said_within_seconds(make_context: MakeContext, settings: Settings) -> None:
    context = make_context(DAY, mlflow_tracking_uri=f"http://127.0.0.1:{free_port()}", registry_timeout_seconds=1)
    with pytest.raises(
        RegistryUnavailable, match=r"does not answer: .*BANK_MLFLOW_TRACKING_URI is right; no model was changed"
    ):
        train(context, features_table())
