"""The auditor's chain: whole when nothing changed, and broken exactly where something did."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bank_marketing.artifacts import open_store
from bank_marketing.artifacts.local import path_of
from bank_marketing.cli import app
from bank_marketing.errors import ArtifactCorrupt, ArtifactMissing
from bank_marketing.lineage.contacts import find_prediction
from bank_marketing.lineage.links import archive_link
from bank_marketing.lineage.trace import Trace, trace
from bank_marketing.pipelines import PipelineRun
from bank_marketing.registry.registry import Registry
from bank_marketing.settings import Settings
from tests.scoring.small_lists import COMING, land_list, people, score, settings_in
from tests.support.small_run import DAYS, SmallRun, run_small

CHAIN = ["scores", "pinned model", "checked list", "landed list", "model version", "training run", "evaluation", "promotion",
         "features", "validation", "snapshot", "clean days", "landed files", "archive"]  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, spark: object) -> Path:
    return tmp_path_factory.mktemp("lineage")


@pytest.fixture(scope="module")
def trained(home: Path) -> SmallRun:
    return run_small(home)


@pytest.fixture(scope="module")
def night(home: Path, trained: SmallRun) -> PipelineRun:
    land_list(settings_in(home).landing, people(COMING))
    return score(settings_in(home))


@pytest.fixture
def settings(home: Path, night: PipelineRun, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("BANK_ARCHIVE", raising=False)  # this campaign is hand-made: no archive stands behind it
    return settings_in(home)


@contextmanager
def altered(path: Path) -> Iterator[None]:
    """A file with one byte changed, for a while."""
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    try:
        yield
    finally:
        path.write_bytes(content)


@contextmanager
def gone(path: Path) -> Iterator[None]:
    """A file or folder that is not there, for a while."""
    kept = path.with_name(f"{path.name}.kept")
    shutil.move(path, kept)
    try:
        yield
    finally:
        shutil.move(kept, path)


def traced(settings: Settings, wanted: str = "T70001") -> Trace:
    store = open_store(settings)
    return trace(store, Registry(settings, store), find_prediction(store, wanted)[0])


def broken(found: Trace) -> dict[str, str]:
    return {link.name: link.problem for link in found.links if link.broken}


def test_the_chain_goes_from_the_prediction_to_the_archive(settings: Settings) -> None:
    found = traced(settings)
    assert [link.name for link in found.links] == CHAIN
    assert found.intact
    facts = {link.name: link.facts for link in found.links}
    assert facts["clean days"]["checked"] == facts["landed files"]["checked"] == len(DAYS)
    assert facts["model version"]["training_run"] == "test_dag/small"
    assert "promoted" in str(facts["model version"]["decisions"])
    assert facts["validation"]["passed"] is True


@pytest.mark.parametrize("step", ["ingest_data", "validate_data", "transform_data", "train_model", "evaluate_model"])
def test_an_altered_artifact_is_named(settings: Settings, trained: SmallRun, step: str) -> None:
    names = {"ingest_data": "snapshot", "validate_data": "validation", "transform_data": "features", "train_model": "training run",
             "evaluate_model": "evaluation"}  # fmt: skip
    folder = path_of(trained.made.refs[step].uri)
    victim = next(path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "manifest.json")
    with altered(victim):
        assert list(broken(traced(settings))) == [names[step]]


def test_altered_and_missing_landed_files_are_named(settings: Settings) -> None:
    first = settings.landing / "contacts" / f"dt={DAYS[0]}" / "contacts.csv"
    with altered(first):
        assert str(first) in broken(traced(settings))["landed files"]
    with gone(first):
        assert "no longer there" in broken(traced(settings))["landed files"]
    with altered(settings.landing / "prospects" / f"dt={COMING}" / "prospects.csv"):
        assert list(broken(traced(settings))) == ["landed list"]


def test_an_altered_clean_day_is_named(settings: Settings) -> None:
    part = next(path_of(settings.artifacts).glob(f"clean/contacts/contact_date={DAYS[3]}/*/part-0.parquet"))
    with altered(part):
        assert str(DAYS[3]) in broken(traced(settings))["clean days"]


def test_a_removed_snapshot_breaks_the_chain_there(settings: Settings, trained: SmallRun) -> None:
    with gone(path_of(trained.made.refs["ingest_data"].uri)):
        assert list(broken(traced(settings))) == ["snapshot"]


#: Fields of a batch's record that say how it came to be, another value, and the link that must break.
CHANGED = {
    "probability": (0.999, "scores"),
    "threshold": (0.9, "scores"),
    "decision": (None, "scores"),  # the other one
    "call_cost": (1.5, "scores"),
    "deposit_margin": (99.0, "scores"),
    "input_digest": ("0" * 64, "scores"),
    "features_digest": ("0" * 64, "scores"),
    "model_digest": ("0" * 64, "model version"),
    "day": ("2009-06-01", "scores"),
    "hindsight": (True, "scores"),
    "model_version": (9, "model version"),
}


@pytest.mark.parametrize("name", list(CHANGED))
def test_a_record_with_another_value_is_found_by_its_field(settings: Settings, name: str) -> None:
    record = next(path_of(settings.artifacts).glob("predictions/*/*.json"))
    content = record.read_text(encoding="utf-8")
    first, *others = json.loads(content)
    value, link = CHANGED[name]
    value = not first[name] if value is None else value
    record.write_text(json.dumps([first | {name: value}, *others]), encoding="utf-8")
    try:
        problem = broken(traced(settings, first["prediction_id"]))[link]
    finally:
        record.write_text(content, encoding="utf-8")
    assert name.removesuffix("_digest").split("_")[-1] in problem, problem


@pytest.mark.parametrize("name", ["model.skops", "model.json"])
def test_another_model_in_mlflow_is_found(settings: Settings, name: str) -> None:
    model = next((settings.home / "artifacts" / "mlflow").rglob(name))
    with altered(model):
        assert f"model/{name} in MLflow is not what was registered" in broken(traced(settings))["model version"]


def test_a_threshold_edited_in_mlflow_breaks_the_chain_and_scores_nobody(settings: Settings) -> None:
    metadata = next((settings.home / "artifacts" / "mlflow").rglob("model.json"))
    content = metadata.read_text(encoding="utf-8")
    metadata.write_text(json.dumps(json.loads(content) | {"learned_threshold": 0.9}), encoding="utf-8")
    try:
        assert list(broken(traced(settings))) == ["model version"]
        with pytest.raises(ArtifactCorrupt, match=r"model/model\.json in MLflow is not what was registered"):
            score(settings, "after-the-edit")
    finally:
        metadata.write_text(content, encoding="utf-8")


@pytest.mark.parametrize(
    ("tag", "link"),
    [
        ("threshold", "model version"),
        ("trained_through", "model version"),
        ("call_cost", "model version"),
        ("deposit_margin", "model version"),
        ("files", "model version"),
        ("model_digest", "model version"),
        ("contract", "training run"),
        ("features_digest", "training run"),
    ],
)
def test_another_tag_of_the_registered_version_is_found(settings: Settings, tag: str, link: str) -> None:
    registry = Registry(settings, open_store(settings))
    version = registry.production()
    other = json.dumps(version.files | {"model/model.json": "0" * 64}) if tag == "files" else "0"
    registry.client.set_model_version_tag(registry.name, str(version.version), tag, other)
    try:
        assert link in broken(traced(settings))
    finally:
        registry.client.set_model_version_tag(registry.name, str(version.version), tag, version.tags[tag])
    assert traced(settings).intact


def test_counts_edited_in_the_features_manifest_are_scored_with_by_nobody(settings: Settings, trained: SmallRun) -> None:
    manifest = path_of(trained.made.refs["transform_data"].uri) / "manifest.json"
    content = manifest.read_text(encoding="utf-8")
    told = json.loads(content)
    told["details"]["campaign_state"]["conversions_5d"] += 100
    manifest.write_text(json.dumps(told), encoding="utf-8")
    try:
        assert "features" in broken(traced(settings))
        with pytest.raises(ArtifactCorrupt, match="its content digest does not match its content"):
            score(settings, "with-other-counts")
    finally:
        manifest.write_text(content, encoding="utf-8")


def test_an_altered_pinned_model_breaks_what_was_scored_with_it(settings: Settings, night: PipelineRun) -> None:
    pinned = path_of(night.refs["select_model"].uri)
    with altered(pinned / "model" / "model.json"):
        assert list(broken(traced(settings))) == ["pinned model"]


def test_the_archive_is_computed_anew_where_it_is_at_hand(tmp_path: Path) -> None:
    archive = tmp_path / "bank-additional.zip"
    archive.write_bytes(b"as landed")
    source = {"kind": "archive", "digest": hashlib.sha256(b"as landed").hexdigest()}
    assert archive_link(source, archive).state == "intact"
    archive.write_bytes(b"another")
    assert archive_link(source, archive).state == "altered"
    assert archive_link(source, tmp_path / "nowhere.zip").state == "recorded"
    assert archive_link({"kind": "synthetic", "seed": 7}, archive).facts["source"] == "SYNTHETIC campaign (seed 7, scale 1)"


def test_an_unknown_id_is_said_to_be_unknown(settings: Settings) -> None:
    with pytest.raises(ArtifactMissing, match="NOBODY"):
        find_prediction(open_store(settings), "NOBODY")


def test_the_command_answers_in_words_and_in_json(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANK_HOME", str(settings.home))
    told = CliRunner().invoke(app, ["trace", "T70001"])
    assert told.exit_code == 0, told.output
    assert "Every link is as it was." in told.output
    assert json.loads(CliRunner().invoke(app, ["trace", "T70001", "--json"]).output)["intact"] is True
    with altered(settings.landing / "contacts" / f"dt={DAYS[0]}" / "contacts.csv"):
        failed = CliRunner().invoke(app, ["trace", "T70001"])
    assert failed.exit_code == 1
    assert "Broken: landed files." in failed.output
    assert CliRunner().invoke(app, ["trace", "NOBODY"]).exit_code == 1
