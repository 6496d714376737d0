"""The whole night on S3, Spark through s3a:// included: the same digests as on a file system."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bank_marketing.artifacts import open_store
from bank_marketing.monitoring import decision
from bank_marketing.registry import records
from bank_marketing.settings import Settings
from tests.scoring.small_lists import COMING, copied_platform, land_list, with_bad_row
from tests.support import whole_night
from tests.support.s3_server import S3Server
from tests.support.small_run import SmallRun, small_settings
from tests.support.whole_night import PIPELINES, Refs

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def on_s3(s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Refs]:
    whole_night.need_s3_jars()
    settings = whole_night.fresh(s3, tmp_path_factory.mktemp("s3-night"))
    return settings, whole_night.run_apart(settings, list(PIPELINES))


def test_content_digests_are_those_of_a_file_system(on_s3: tuple[Settings, Refs], small_run: SmallRun, tmp_path: Path) -> None:
    settings = small_settings(copied_platform(small_run, tmp_path))
    land_list(settings.landing, with_bad_row(COMING))
    on_files = small_run.made.refs | whole_night.run(settings, ["scoring", "monitoring"])
    assert {step: ref.digest for step, ref in on_s3[1].items()} == {step: ref.digest for step, ref in on_files.items()}


def test_every_artifact_is_whole_and_nothing_else_is_left(on_s3: tuple[Settings, Refs]) -> None:
    settings, refs = on_s3
    store = open_store(settings)
    for ref in refs.values():
        assert ref.uri.startswith(settings.artifacts)
        store.verify(ref)
    assert [uri for uri in store.list_files(store.root) if "_staging" in uri or "_temporary" in uri] == []
    assert not (settings.home / "artifacts" / "runs").exists()


def test_decisions_and_predictions_are_on_record_there(on_s3: tuple[Settings, Refs]) -> None:
    store = open_store(on_s3[0])
    assert [record.action for record in records.history(store)] == ["promoted"]
    assert len(list(decision.newest_first(store))) == 1
    logged = [entry for uri in store.list_files(store.uri("predictions")) for entry in json.loads(store.read_bytes(uri))]
    assert len(logged) == 39


def test_a_session_without_the_jars_says_how_to_get_them(
    on_s3: tuple[Settings, Refs], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from bank_marketing.errors import ConfigError
    from bank_marketing.etl import s3a

    monkeypatch.setattr(s3a, "JARS_FOLDER", tmp_path)
    with pytest.raises(ConfigError, match="make s3-jars"):
        s3a.jars(on_s3[0])
    assert s3a.jars(small_settings(tmp_path)) == []
