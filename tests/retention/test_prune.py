"""Retention on real artifacts: what production, champions, predictions and audits came from stays, the rest goes when it is old."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bank_marketing.artifacts import ArtifactRef, ArtifactStore, open_store
from bank_marketing.artifacts.ids import new_id
from bank_marketing.components.context import RunContext
from bank_marketing.errors import ArtifactMissing, ConfigError, RegistryUnavailable
from bank_marketing.registry.registry import Registry
from bank_marketing.retention import holds
from bank_marketing.retention.prune import Plan, carry_out, plan
from bank_marketing.scoring.predictions import PredictionLog, PredictionRecord
from bank_marketing.settings import Settings
from tests.support import monitored
from tests.support.monitored import DAYS, TRAINED

#: Long after all that the tests make.
LATER = datetime.now(UTC) + timedelta(days=100)
MUCH_LATER = datetime.now(UTC) + timedelta(days=4000)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A platform with a model in production. Tests add runs of their own, and remove no other's."""
    folder = tmp_path_factory.mktemp("retention")
    monitored.put_into_production(folder)
    return folder


def settings_of(home: Path) -> Settings:
    return monitored.settings_of(home)


@pytest.fixture
def settings(home: Path) -> Settings:
    return settings_of(home)


@pytest.fixture
def store(settings: Settings) -> ArtifactStore:
    return open_store(settings)


def publish(settings: Settings, dag_id: str, run_id: str, parents: tuple[ArtifactRef, ...], text: str = "x") -> ArtifactRef:
    """An artifact in a run of its own."""
    context = RunContext(dag_id, run_id, TRAINED, settings)
    with context.stage() as stage:
        (stage.path / "file.txt").write_text(text)
        return context.publish(stage, "step", "test", parents=parents).ref


def newer_runs(settings: Settings, name: str) -> None:
    """The last run of a DAG stays: let those before be the ones that are judged."""
    for dag_id in ("bank_marketing_training", "bank_marketing_batch_scoring"):
        publish(settings, dag_id, f"after-{name}", ())


def run_of(ref: ArtifactRef) -> str:
    return ref.uri.rpartition("/")[0]


def going(made: Plan, what: str = "run") -> set[str]:
    return {item.uri for item in made.items if item.what == what}


def prediction(settings: Settings, number: int, scores: ArtifactRef, features_digest: str = "") -> PredictionRecord:
    version = Registry(settings, open_store(settings)).production()
    record = PredictionRecord(
        prediction_id=f"2009-06-01-request{number}-0", at=datetime.now(UTC), source="batch", contact_id="c1",
        model_version=version.version, model_digest=version.digest, input_digest="", features_digest=features_digest,
        probability=0.2, threshold=0.3, decision=False, day=DAYS[0], who="tester", scores_uri=scores.uri,
    )  # fmt: skip
    PredictionLog(open_store(settings)).append([record])
    return record


def test_an_old_run_that_nothing_needs_goes_and_a_young_one_stays(settings: Settings, store: ArtifactStore) -> None:
    ref = publish(settings, "bank_marketing_training", "forgotten", ())
    newer_runs(settings, "forgotten")
    assert run_of(ref) not in going(plan(settings))
    made = plan(settings, LATER)
    assert run_of(ref) in going(made)
    assert store.has_manifest(ref.uri), "a plan removes nothing"
    only = Plan(items=tuple(item for item in made.items if item.uri == run_of(ref)), kept={})
    assert only.size == 1
    carry_out(only, settings)
    assert not store.has_manifest(ref.uri)
    assert run_of(ref) not in going(plan(settings, LATER))


def test_what_production_was_made_from_stays_for_ever(settings: Settings, store: ArtifactStore) -> None:
    version = Registry(settings, store).production()
    made = plan(settings, MUCH_LATER)
    for tag in ("model_uri", "features_uri"):
        assert not {uri for uri in going(made) if version.tags[tag].startswith(uri)}, tag
    assert made.kept[f"version {version.version}, production"] == 1


def test_a_predictions_whole_lineage_stays_as_long_as_the_prediction(settings: Settings, store: ArtifactStore) -> None:
    snapshot = publish(settings, "bank_marketing_training", "its-data", ())
    prospects = publish(settings, "bank_marketing_batch_scoring", "its-list", (snapshot,))
    scores = publish(settings, "bank_marketing_batch_scoring", "its-scores", (prospects,))
    counts = publish(settings, "bank_marketing_training", "its-counts", (), "only these counts")
    newer_runs(settings, "counts")
    prediction(settings, 1, scores, counts.digest)
    lineage = {run_of(ref) for ref in (snapshot, prospects, scores, counts)}
    assert not lineage & going(plan(settings, LATER))
    much_later = plan(settings, MUCH_LATER)
    assert lineage <= going(much_later)
    assert store.uri("predictions", "2009-06-01", "request1.json") in going(much_later, "predictions")


def test_the_model_run_of_a_kept_prediction_stays_though_the_version_was_never_in_a_stage(
    settings: Settings, store: ArtifactStore
) -> None:
    registry = Registry(settings, store)
    made = publish(settings, "bank_marketing_training", "its-model", (), "a model")
    data = publish(settings, "bank_marketing_training", "its-models-data", (), "its data")
    model = publish(settings, "bank_marketing_training", "its-model-too", (data,), "another model")
    scores = publish(settings, "bank_marketing_batch_scoring", "scored-with-it", ())
    newer_runs(settings, "model")
    known = registry.production()
    bare = registry.register(
        known.run_id, known.source.removeprefix("models:/"), {"model_digest": model.digest, "model_uri": model.uri}
    )
    record = prediction(settings, 30, scores)
    uri = store.uri("predictions", "2009-06-01", "request30.json")
    store.remove(uri)
    PredictionLog(store).append([record.model_copy(update={"model_version": bare.version, "model_digest": bare.digest})])
    gone = going(plan(settings, LATER))
    assert run_of(made) in gone, "a run that no prediction needs goes"
    assert not {run_of(model), run_of(data), run_of(scores)} & gone
    assert {run_of(model), run_of(data), run_of(scores)} <= going(plan(settings, MUCH_LATER)), (
        "and with the prediction it goes too"
    )


@pytest.mark.parametrize("of_prediction", [True, False], ids=["a prediction", "a run"])
def test_a_hold_keeps_what_an_audit_needs_until_it_is_released(
    of_prediction: bool, settings: Settings, store: ArtifactStore
) -> None:
    name = f"audit-{of_prediction}"
    data = publish(settings, "bank_marketing_training", f"{name}-data", ())
    scores = publish(settings, "bank_marketing_training", f"{name}-scores", (data,))
    record = prediction(settings, 10 + of_prediction, scores)
    newer_runs(settings, name)
    target = record.prediction_id if of_prediction else run_of(scores)
    holds.place(store, name, (target,), reason="a client asked", who="auditor")
    held = plan(settings, MUCH_LATER)
    assert not {run_of(data), run_of(scores)} & going(held)
    assert held.kept[f"hold {name}"] >= 2
    is_going = any(uri.endswith(f"request{10 + of_prediction}.json") for uri in going(held, "predictions"))
    assert is_going is not of_prediction
    holds.release(store, name, who="auditor")
    assert {run_of(data), run_of(scores)} <= going(plan(settings, MUCH_LATER))
    [on_record] = [hold for hold in holds.holds(store) if hold.name == name]
    assert (on_record.released_by, on_record.reason) == ("auditor", "a client asked")


def test_a_hold_names_what_is_there_once(settings: Settings, store: ArtifactStore) -> None:
    ref = publish(settings, "bank_marketing_training", "held-twice", ())
    holds.place(store, "once", (ref.uri,), reason="r", who="w")
    with pytest.raises(ConfigError, match="already"):
        holds.place(store, "once", (ref.uri,), reason="r", who="w")
    with pytest.raises(ConfigError, match="cannot be a hold's name"):
        holds.place(store, "../once", (ref.uri,), reason="r", who="w")
    with pytest.raises(ArtifactMissing):
        holds.place(store, "gone", (store.uri("runs", "a", "b", "c"),), reason="r", who="w")
    with pytest.raises(ConfigError, match="below"):
        holds.place(store, "elsewhere", ("file:///etc/passwd",), reason="r", who="w")
    with pytest.raises(ConfigError, match="no open hold"):
        holds.release(store, "unknown", who="w")
    holds.release(store, "once", who="w")


def test_the_last_run_of_a_dag_stays_however_old(settings: Settings) -> None:
    ref = publish(settings, "some_other_dag", "only", ())
    assert run_of(ref) not in going(plan(settings, MUCH_LATER))


def test_mails_and_the_leftovers_of_killed_tries_go(settings: Settings, store: ArtifactStore) -> None:
    store.write_bytes(store.uri("mail", "20200101T000000000000-x.html"), b"old")
    store.write_bytes(store.uri("mail", f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-y.html"), b"new")
    for name, age in (("try-killed", 3), ("try-working", 0)):
        leftover = settings.home / "artifacts" / "_staging" / name
        leftover.mkdir()
        (leftover / "part").write_bytes(b"half")
        os.utime(leftover, (time.time() - age * 86_400,) * 2)
    made = plan(settings)
    assert going(made, "mail") == {store.uri("mail", "20200101T000000000000-x.html")}
    assert going(made, "leftover") == {store.uri("_staging", "try-killed")}
    carry_out(made, settings)
    assert (settings.home / "artifacts" / "_staging" / "try-working").is_dir()
    assert not (settings.home / "artifacts" / "_staging" / "try-killed").exists()


def test_without_the_registry_nothing_goes(settings: Settings) -> None:
    down = settings.model_copy(update={"mlflow_tracking_uri": "http://127.0.0.1:9", "registry_timeout_seconds": 1})
    with pytest.raises(RegistryUnavailable):
        plan(down, MUCH_LATER)


def test_kept_answers_go_when_their_day_is_over_for_a_day(settings: Settings, store: ArtifactStore) -> None:
    for day in ("2026-03-01", "2026-03-02", "2026-03-03", "strange"):
        store.write_bytes(store.uri("answers", day, "a.json"), b"clients")
    at = datetime(2026, 3, 3, 12, tzinfo=UTC)
    assert going(plan(settings, at), "answers") == {store.uri("answers", "2026-03-01")}


def test_lists_that_were_sent_to_the_service_go_after_their_hours(settings: Settings, store: ArtifactStore) -> None:
    now = datetime.now(UTC)
    ages = {hours: new_id(int((now - timedelta(hours=hours)).timestamp() * 1000)) for hours in (1, 5, 30)}
    for name in (*ages.values(), "of-an-earlier-release"):
        store.write_bytes(store.uri("files", name, "list"), b"clients")
        store.write_bytes(store.uri("files", name, "status.json"), b"")  # whatever stands in it
    gone = {store.uri("files", name) for name in (ages[30], "of-an-earlier-release")}
    assert going(plan(settings, now), "sent list") == gone
    made = plan(settings, now, sent_lists_hours=4)
    assert going(made, "sent list") == gone | {store.uri("files", ages[5])}
    carry_out(made, settings)
    left = {uri.split("/")[-2] for uri in store.list_files(store.uri("files"))}
    assert left == {ages[1]}
