"""An artifact appears whole or not at all, and says when it is not what it was."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from bank_marketing.artifacts import ArtifactRef, LocalStore, Manifest
from bank_marketing.artifacts.local import path_of
from bank_marketing.errors import ArtifactCorrupt, ArtifactMissing, StoreUnavailable


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore((tmp_path / "root with space").as_uri())


def publish(store: LocalStore, content: str = "x", place: str = "runs/a", **fields: object) -> Manifest:
    with store.stage() as stage:
        (stage.path / "data.txt").write_text(content)
        (stage.path / "page.html").write_text(f"made at {os.urandom(4).hex()}")
        return stage.publish(store.uri(place), "thing", volatile=lambda path: path.endswith(".html"), **fields)


def test_same_content_gives_the_same_digest_anywhere_and_any_time(store: LocalStore) -> None:
    one = publish(store, place="runs/a", run_id="1", as_of=date(2010, 1, 1))
    two = publish(store, place="runs/b", run_id="2", as_of=date(2010, 1, 1))
    assert one.content_digest == two.content_digest
    assert one.uri != two.uri


@pytest.mark.parametrize(
    "change", [{"content": "y"}, {"rows": {"n": 1}}, {"parameters": {"seed": 2}}, {"as_of": date(2011, 1, 1)}]
)
def test_other_content_gives_another_digest(store: LocalStore, change: dict[str, object]) -> None:
    assert publish(store).content_digest != publish(store, place="runs/b", **change).content_digest  # type: ignore[arg-type]


def test_publishing_again_keeps_what_is_there(store: LocalStore) -> None:
    first = publish(store)
    assert publish(store) == first
    assert not list((store.path / "_staging").iterdir())


def test_publishing_other_content_replaces_it_whole(store: LocalStore) -> None:
    publish(store, "old")
    replaced = publish(store, "new")
    assert store.read_bytes(f"{replaced.uri}/data.txt") == b"new"
    assert not list((store.path / "_staging").iterdir())


def test_a_try_that_fails_leaves_nothing(store: LocalStore) -> None:
    def half_a_try() -> None:
        with store.stage() as stage:
            (stage.path / "data.txt").write_text("half")
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        half_a_try()
    assert [path for path in store.path.rglob("*") if path.is_file()] == []


def test_no_manifest_no_artifact(store: LocalStore) -> None:
    manifest = publish(store)
    path_of(f"{manifest.uri}/manifest.json").unlink()
    with pytest.raises(ArtifactMissing, match=r"no artifact at .*runs/a"):
        store.manifest(manifest.ref)
    assert publish(store).content_digest == manifest.content_digest  # and the next try mends it


def test_an_altered_file_is_named(store: LocalStore) -> None:
    manifest = publish(store)
    store.write_bytes(f"{manifest.uri}/data.txt", b"tampered")
    with pytest.raises(ArtifactCorrupt, match=r"data\.txt was altered"):
        store.verify(manifest.ref)


def test_an_altered_manifest_is_noticed(store: LocalStore) -> None:
    manifest = publish(store, rows={"n": 1})
    uri = f"{manifest.uri}/manifest.json"
    store.write_bytes(uri, store.read_bytes(uri).replace(b'"n": 1', b'"n": 2'))
    with pytest.raises(ArtifactCorrupt, match="was altered"):
        store.manifest(manifest.uri)


def test_a_reference_to_other_content_is_refused(store: LocalStore) -> None:
    manifest = publish(store)
    stale = ArtifactRef(kind="thing", uri=manifest.uri, digest="0" * 64)
    with pytest.raises(ArtifactCorrupt, match="made again since"):
        store.manifest(stale)


def test_a_reference_is_small() -> None:
    ref = ArtifactRef(kind="validation", uri="s3://" + "b" * 200, digest="0" * 64)
    assert len(ref.model_dump_json()) < 1024


def test_write_if_absent_keeps_the_first(store: LocalStore) -> None:
    uri = store.uri("records", "1.json")
    assert store.write_bytes(uri, b"1", if_absent=True)
    assert not store.write_bytes(uri, b"2", if_absent=True)
    assert store.read_bytes(uri) == b"1"


def test_a_root_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(StoreUnavailable, match="BANK_ARTIFACT_ROOT"), LocalStore((blocked / "root").as_uri()).stage():
        pass


def test_a_full_disk_says_so_and_leaves_nothing() -> None:
    # /dev/full answers every write with ENOSPC, as a full disk does.
    from bank_marketing.artifacts.local import _told

    with pytest.raises(StoreUnavailable, match="the disk is full"), _told("publish", "/dev/full"):
        Path("/dev/full").write_bytes(b"x")
