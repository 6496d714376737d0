"""Versions and stages on a real registry: what was registered is what is loaded, and a re-run moves nothing backwards."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bank_marketing.errors import ArtifactCorrupt, ConfigError, ModelIncompatible, NoProductionModel
from bank_marketing.modeling.choice import ModelSpec
from bank_marketing.registry import records
from bank_marketing.registry.records import Record
from bank_marketing.registry.registry import ModelVersion, Registry
from tests.support.features import PRICES
from tests.support.served import Platform

CHOICES = [
    ModelSpec(algorithm="logistic_regression", hyper_parameters={"C": strength}, threshold="half_best_f1_that_pays")
    for strength in (0.1, 0.5, 0.9)
]


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """Three versions, none of them in a stage. Tests move stages, and put files back."""
    made = Platform(tmp_path_factory.mktemp("registry"))
    for number, choice in enumerate(CHOICES, start=1):
        made.train(f"run-{number}", choice)
    return made


@pytest.fixture
def registry(platform: Platform) -> Registry:
    return platform.registry


def files_of(platform: Platform, version: ModelVersion) -> Path:
    """Where MLflow keeps the files of a version."""
    [folder] = [
        path.parent
        for path in (platform.home / "artifacts" / "mlflow").rglob("MLmodel")
        if version.source.rsplit("/", 1)[-1] in path.parts
    ]
    return folder / "artifacts"


@contextmanager
def edited(path: Path, edit: Callable[[bytes], bytes | None]) -> Iterator[None]:
    """A file with other content, or without the file where `edit` gives None, for a while."""
    content = path.read_bytes() if path.exists() else None
    wanted = edit(content or b"")
    path.unlink(missing_ok=True)
    if wanted is not None:
        path.write_bytes(wanted)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)


def json_with(**fields: Any) -> Callable[[bytes], bytes]:
    def edit(content: bytes) -> bytes:
        told = json.loads(content)
        for name, value in fields.items():
            told[name] = (told[name] | value) if isinstance(value, dict) else value
        return (json.dumps(told, indent=1, sort_keys=True) + "\n").encode()

    return edit


#: Every file of a version that a decision reads, and every field of the one that people can read.
TAMPERED: dict[str, tuple[str, Callable[[bytes], bytes | None]]] = {
    "threshold": ("model/model.json", json_with(learned_threshold=0.9)),
    "prices": ("model/model.json", json_with(economics={"call_cost": 1.0})),
    "last day": ("model/model.json", json_with(trained_through="2007-01-01")),
    "policy": ("model/model.json", json_with(choice={"threshold": "best_f1"})),
    "names of features": ("model/model.json", json_with(features=["age"])),
    "a space": ("model/model.json", lambda content: content + b" "),
    "no metadata": ("model/model.json", lambda content: None),
    "estimator": ("model/model.skops", lambda content: content[:-1] + bytes([content[-1] ^ 1])),
    "no estimator": ("model/model.skops", lambda content: None),
    "one more file": ("model/more.json", lambda content: b"{}"),
}


@pytest.mark.parametrize("what", list(TAMPERED))
def test_a_version_with_another_file_is_not_loaded_and_the_file_is_named(
    what: str, platform: Platform, registry: Registry
) -> None:
    version, (name, edit) = registry.get(2), TAMPERED[what]
    registry.load(version)
    with (
        edited(files_of(platform, version) / name, edit),
        pytest.raises(ArtifactCorrupt, match=rf"version 2 of bank_marketing: {name} in MLflow is not what was registered"),
    ):
        registry.load(version)
    assert registry.load(version).choice == CHOICES[1]


def test_an_altered_training_reference_is_not_compared_with(platform: Platform, registry: Registry) -> None:
    version = registry.get(1)
    assert "probability" in registry.reference(version)

    def one_row_less(content: bytes) -> bytes:
        import io

        out = io.BytesIO()
        pd.read_parquet(io.BytesIO(content)).iloc[1:].to_parquet(out, index=False)
        return out.getvalue()

    with (
        edited(files_of(platform, version) / "reference.parquet", one_row_less),
        pytest.raises(ArtifactCorrupt, match=r"reference\.parquet in MLflow is not what was registered"),
    ):
        registry.reference(version)
    registry.load(version)


def test_a_version_registered_without_digests_is_not_loaded(platform: Platform, registry: Registry) -> None:
    version = registry.get(3)
    bare = ModelVersion(3, version.run_id, version.source, "none", version.created_at, {"model_digest": version.digest})
    for read in (registry.load, registry.reference):
        with pytest.raises(ModelIncompatible, match=r"registered without digests of its files.*Train again"):
            read(bare)


def test_the_version_carries_digests_and_prices_as_tags(registry: Registry) -> None:
    version = registry.get(1)
    assert set(version.files) == {"model/model.json", "model/model.skops", "reference.parquet"}
    assert all(len(digest) == 64 for digest in version.files.values())
    assert (float(version.tags["call_cost"]), float(version.tags["deposit_margin"])) == (
        PRICES.call_cost,
        PRICES.deposit_margin,
    )
    assert registry.load(version).economics == PRICES
    run = registry.client.get_run(version.run_id)
    assert run.data.params["economics.call_cost"] == str(PRICES.call_cost)


def test_the_same_model_is_registered_once(platform: Platform, registry: Registry) -> None:
    again = platform.train("run-1-again", CHOICES[0])
    assert again.version == 1
    assert [entry.version for entry in registry.versions()] == [3, 2, 1]


def record(version: int, action: Any = "promoted") -> Record:
    return Record(action=action, at=datetime.now(UTC), who="tester", reasons=("a test",), version=version)


def test_stages_follow_each_other_and_every_move_is_on_record(platform: Platform) -> None:
    registry = Registry(platform.settings.model_copy(update={"model_name": "stages"}), platform.context("stages").store)
    first, second = (
        registry.register(version.run_id, version.source.removeprefix("models:/"), version.tags)
        for version in (platform.registry.get(1), platform.registry.get(2))
    )
    with pytest.raises(NoProductionModel, match="no version in production yet"):
        registry.production()
    assert registry.at("staging") is None
    registry.stage(first)
    assert registry.get(1).stage == "staging"
    before = len(records.history(registry.store))
    done = registry.promote(first, record(1))
    assert (done.from_version, done.to_version) == (None, 1)
    done = registry.promote(second, record(2))
    assert (done.from_version, done.to_version) == (1, 2)
    assert {entry.version: entry.stage for entry in registry.versions()} == {1: "archived", 2: "production"}
    again = registry.promote(second, record(2))
    assert (again.from_version, again.to_version) == (2, 2)
    assert len(records.history(registry.store)) == before + 2, "promoting what is in production is no second decision"
    refused = registry.reject(first, record(1, "rejected"))
    registry.reject(first, refused.model_copy(update={"at": datetime.now(UTC)}))
    assert len(records.history(registry.store)) == before + 3, "one rejection told twice is one record"
    assert (refused.from_version, refused.to_version) == (2, 2)


def test_a_stage_never_moves_backwards(platform: Platform) -> None:
    registry = Registry(platform.settings.model_copy(update={"model_name": "backwards"}), platform.context("stages").store)
    first, second = (
        registry.register(version.run_id, version.source.removeprefix("models:/"), version.tags)
        for version in (platform.registry.get(1), platform.registry.get(2))
    )
    registry.promote(first, record(1))
    registry.stage(registry.get(1))
    assert registry.get(1).stage == "production"
    registry.promote(second, record(2))
    registry.stage(registry.get(1))
    assert registry.get(1).stage == "archived"
    assert registry.at("staging") is None
    assert registry.production().version == 2


def test_two_registries_in_one_process_do_not_take_each_others_files(platform: Platform, tmp_path: Path) -> None:
    """MLflow has one address for a whole process: the last that connected."""
    other = Platform(tmp_path)
    other.train("other", CHOICES[2])
    first, others = platform.registry, other.registry
    others.versions()
    assert first.load(first.get(1)).choice == CHOICES[0]
    first.versions()
    assert others.load(others.get(1)).choice == CHOICES[2]


def test_an_unknown_version_is_said_with_those_there_are(registry: Registry) -> None:
    with pytest.raises(ConfigError, match="has no version 9; there are: 1, 2, 3"):
        registry.get(9)
