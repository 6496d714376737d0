"""The store on a file system: what lies where while it is written, what an operator is told, what is left when a try was killed."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bank_marketing.artifacts import ArtifactStore, LocalStore, open_store
from bank_marketing.artifacts.digests import file_digests
from bank_marketing.artifacts.local import is_marker, path_of, told, uri_of
from bank_marketing.artifacts.manifest import FileEntry
from bank_marketing.errors import ArtifactCorrupt, ArtifactMissing, ConfigError, StoreUnavailable
from bank_marketing.settings import Settings


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(f"file://{tmp_path}/store/")


def below(store: LocalStore) -> list[str]:
    """Files and folders, staging included."""
    return sorted(path.relative_to(store.path).as_posix() for path in store.path.rglob("*"))


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, "the disk is full: free some space, or `bank-marketing prune`"),
        (errno.EDQUOT, "the disk quota is used up"),
        (errno.EROFS, "the file system is read-only"),
        (errno.EACCES, "this user may not write there"),
        (errno.EPERM, "this user may not write there"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_what_an_operator_is_told_of_a_disk(number: int, reason: str) -> None:
    with pytest.raises(StoreUnavailable) as refused, told("publish", "/there"):
        raise OSError(number, os.strerror(number))
    assert str(refused.value) == f"cannot publish /there: {reason} (BANK_ARTIFACT_ROOT says where artifacts go)"


def test_an_error_without_a_number_is_told_in_its_own_words() -> None:
    with pytest.raises(StoreUnavailable, match=r"cannot read /there: torn cable \(BANK_"), told("read", "/there"):
        raise OSError("torn cable")
    with told("read", "/there"):
        pass


def test_addresses_and_paths_are_each_others_opposite(tmp_path: Path) -> None:
    path = tmp_path / "with space" / "contact_date=2010-06-30" / "50%.csv"
    assert uri_of(path) == f"file://{tmp_path}/with%20space/contact_date=2010-06-30/50%25.csv"
    assert path_of(uri_of(path)) == path
    assert uri_of(Path("here")) == f"file://{Path.cwd()}/here"


@pytest.mark.parametrize(
    ("name", "marker"),
    [(".crc", True), ("_SUCCESS", True), ("_SUCCESS.crc", True), ("_metadata", False), ("SUCCESS", False), ("a", False)],
)
def test_sparks_own_files_are_no_part_of_an_artifact(name: str, marker: bool) -> None:
    assert is_marker(Path("folder") / name) is marker


def test_a_root_is_one_place_with_or_without_its_last_slash(tmp_path: Path) -> None:
    assert LocalStore(f"file://{tmp_path}/a//").root == LocalStore(f"file://{tmp_path}/a").root == f"file://{tmp_path}/a"
    assert LocalStore(f"file://{tmp_path}/a/").path == tmp_path / "a"
    assert LocalStore(f"file://{tmp_path}/a").uri("/b/", "c/d", "e") == f"file://{tmp_path}/a/b/c/d/e"


def test_a_file_is_written_in_one_step_for_its_owner_and_nothing_else_is_left(store: LocalStore) -> None:
    uri = store.uri("deep", "folder", "1.json")
    assert not store.exists(uri)
    assert store.write_bytes(uri, b"first") is True
    assert store.write_bytes(uri, b"second") is True
    assert store.write_bytes(uri, b"third", if_absent=True) is False
    assert store.read_bytes(uri) == b"second"
    assert store.write_bytes(store.uri("deep", "2.json"), b"x", if_absent=True) is True
    assert below(store) == ["deep", "deep/2.json", "deep/folder", "deep/folder/1.json"]
    assert stat.S_IMODE(path_of(uri).stat().st_mode) == 0o600
    assert store.exists(uri)
    assert not store.exists(store.uri("deep")), "a folder is no file"


def test_what_cannot_be_written_or_removed_is_told_and_leaves_nothing(store: LocalStore) -> None:
    store.write_bytes(store.uri("folder", "inside"), b"x")
    with pytest.raises(StoreUnavailable, match=rf"^cannot write {store.path}/folder: Is a directory"):
        store.write_bytes(store.uri("folder"), b"x")
    with pytest.raises(StoreUnavailable, match=rf"^cannot remove {store.path}/folder/inside/deeper: Not a directory"):
        store.remove(store.uri("folder", "inside", "deeper"))
    assert below(store) == ["folder", "folder/inside"]
    with pytest.raises(ArtifactMissing, match=f"^there is no file {store.uri('none')}$"):
        store.read_bytes(store.uri("none"))


def test_a_stage_lies_beside_the_artifacts_and_is_gone_afterwards(store: LocalStore) -> None:
    with store.stage() as stage:
        assert stage.path.is_dir()
        assert stage.path.parent == store.path / "_staging"
        assert stage.path.name.startswith("try-")
        assert (stage.store, stage.uri) == (store, f"file://{stage.path}")
        with store.stage() as other:
            assert other.path != stage.path
        assert not other.path.exists()
    assert below(store) == ["_staging"]


def test_a_stage_that_cannot_begin_says_where(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(StoreUnavailable, match=rf"^cannot write to {tmp_path}/file/root: "),
        LocalStore(f"file://{tmp_path}/file/root").stage(),
    ):
        pass


def test_staged_files_are_listed_with_digests_and_sparks_markers_are_not(store: LocalStore) -> None:
    with store.stage() as stage:
        for name in ("b.txt", "a/c.txt", "_SUCCESS", ".b.txt.crc", "a/_SUCCESS"):
            (stage.path / name).parent.mkdir(exist_ok=True)
            (stage.path / name).write_text(name)
        digests = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("a/c.txt", "b.txt")}
        assert stage.files() == [FileEntry(path=name, sha256=digest, size=len(name)) for name, digest in digests.items()]
        assert stage.files("a") == [FileEntry(path="c.txt", sha256=digests["a/c.txt"], size=7)]
        made = stage.publish(store.uri("one"), "thing")
    assert below(store) == ["_staging", "one", "one/a", "one/a/c.txt", "one/b.txt", "one/manifest.json"]
    assert store.read_bytes(f"{made.uri}/manifest.json").decode() == made.model_dump_json(indent=2) + "\n"


def test_parts_of_a_folder_are_published_from_one_stage(store: LocalStore) -> None:
    with store.stage() as stage:
        (stage.path / "part").mkdir()
        (stage.path / "part" / "a.txt").write_text("a")
        stage.publish(store.uri("deep", "one"), "thing", folder="part")
        assert stage.path.is_dir()
        assert not (stage.path / "part").exists()
        (stage.path / "b.txt").write_text("b")
        stage.publish(store.uri("two"), "thing")
        assert list(stage.path.iterdir()) == [], "and the stage can be used again"
    assert sorted(store.list_files(store.root)) == [
        store.uri("deep/one/a.txt"), store.uri("deep/one/manifest.json"), store.uri("two/b.txt"), store.uri("two/manifest.json"),
    ]  # fmt: skip


def test_an_artifact_takes_the_place_of_what_a_killed_try_left_there(store: LocalStore) -> None:
    store.write_bytes(store.uri("one", "half.txt"), b"half")
    with store.stage() as stage:
        (stage.path / "a.txt").write_text("a")
        made = stage.publish(store.uri("one"), "thing", notes={"by": "me"})
        assert [path.name for path in (store.path / "_staging").iterdir()] == [stage.path.name]
    assert list(store.list_files(store.uri("one"))) == [store.uri("one/a.txt"), store.uri("one/manifest.json")]
    assert store.manifest(made.uri) == made


def test_an_artifact_that_cannot_be_published_says_where(store: LocalStore) -> None:
    store.write_bytes(store.uri("file"), b"x")
    with store.stage() as stage:
        (stage.path / "a.txt").write_text("a")
        with pytest.raises(StoreUnavailable, match=rf"^cannot publish {store.path}/file/one: "):
            stage.publish(store.uri("file", "one"), "thing")


def test_sparks_parts_are_numbered_in_order(store: LocalStore) -> None:
    with store.stage() as stage:
        (stage.path / "rows").mkdir()
        for name in ("part-00001-x.c000.parquet", "part-00000-y.c000.parquet", "part-00002-a.c000.parquet", "_SUCCESS"):
            (stage.path / "rows" / name).write_text(name[:10])
        stage.number_parts("rows")
        found = {path.name: path.read_text() for path in (stage.path / "rows").glob("part*")}
    assert found == {f"part-{number}.parquet": f"part-0000{number}" for number in range(3)}


def test_what_a_killed_try_left_is_listed_with_its_age_and_size(store: LocalStore) -> None:
    assert list(store.leftovers()) == []
    for name, moment in (("try-b", 1_000_000_000), ("replaced-a", 1_100_000_000)):
        (store.path / "_staging" / name / "deep").mkdir(parents=True)
        (store.path / "_staging" / name / "deep" / "a").write_bytes(b"12345")
        (store.path / "_staging" / name / "b").write_bytes(b"67")
        os.utime(store.path / "_staging" / name, (moment, moment))
    assert list(store.leftovers()) == [
        (store.uri("_staging", "replaced-a"), datetime.fromtimestamp(1_100_000_000, UTC), 7),
        (store.uri("_staging", "try-b"), datetime.fromtimestamp(1_000_000_000, UTC), 7),
    ]


def test_a_path_that_is_not_there_cannot_be_read_through(store: LocalStore) -> None:
    with (
        pytest.raises(ArtifactMissing, match=f"^there is nothing at {store.uri('none')}$"),
        store.local_copy(store.uri("none")),
    ):
        pass


def test_spark_is_given_the_path_as_it_is(tmp_path: Path) -> None:
    store = LocalStore(f"file://{tmp_path}/with%20space")
    assert store.spark_uri(store.uri("a=1")) == f"file://{tmp_path}/with space/a=1"


def test_every_complaint_about_an_artifact_says_what_to_do(store: ArtifactStore) -> None:
    with store.stage() as stage:
        (stage.path / "a.txt").write_text("a")
        made = stage.publish(store.uri("one"), "thing")
    with pytest.raises(ArtifactMissing) as missing:
        store.manifest(store.uri("none"))
    assert (
        str(missing.value) == f"no artifact at {store.uri('none')}: it has no manifest.json. Run the task that makes it again."
    )
    with pytest.raises(ArtifactCorrupt) as stale:
        store.manifest(made.ref.model_copy(update={"digest": "0" * 64, "kind": "other"}))
    assert str(stale.value) == (
        f"{made.uri} holds thing {made.content_digest[:12]}, not the other 000000000000 that was asked for: it was made again since. "
        "Re-run the tasks after the one that made it."
    )
    path = path_of(f"{made.uri}/manifest.json")
    text = path.read_text()
    path.write_text(text.replace('"thing"', '"thong"'))
    with pytest.raises(ArtifactCorrupt) as altered:
        store.manifest(made.ref)
    assert str(altered.value) == f"the manifest of {made.uri} was altered: its content digest does not match its content"
    path.write_text("{")
    with pytest.raises(ArtifactCorrupt, match=f"^the manifest of {made.uri} cannot be read: 1 validation error for Manifest"):
        store.manifest(made.ref)
    path.write_text(text)
    assert store.verify(made.ref) == store.verify(made.uri) == made
    path_of(f"{made.uri}/a.txt").write_text("b")
    with pytest.raises(ArtifactCorrupt) as other:
        store.verify(made.ref)
    assert str(other.value) == f"{made.uri}/a.txt was altered: its sha256 is not the one in the manifest of thing"
    for hidden in ("_temporary/0/part", ".a.crc", "deep/_SUCCESS"):
        store.write_bytes(f"{made.uri}/{hidden}", b"x")
    path_of(f"{made.uri}/a.txt").write_text("a")
    store.verify(made.ref)


def test_the_scheme_of_the_setting_chooses_the_store(tmp_path: Path) -> None:
    local = open_store(Settings(home=tmp_path, artifact_root=str(tmp_path / "there")))
    assert isinstance(local, LocalStore)
    assert local.root == f"file://{tmp_path}/there"
    with pytest.raises(ConfigError) as refused:
        open_store(Settings(home=tmp_path, artifact_root="gs://bucket"))
    assert str(refused.value) == (
        "BANK_ARTIFACT_ROOT=gs://bucket: the scheme gs:// is not supported; use a path, file:// or s3://bucket/prefix"
    )


def test_digests_of_a_file_and_of_all_files_of_a_folder_are_by_their_place(tmp_path: Path) -> None:
    (tmp_path / "model" / "deep").mkdir(parents=True)
    for name in ("b.json", "a.json", "deep/c.json"):
        (tmp_path / "model" / name).write_text(name)
    digests = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("a.json", "b.json", "deep/c.json")}
    assert list(file_digests(tmp_path / "model").items()) == [(f"model/{name}", digest) for name, digest in digests.items()]
    assert file_digests(tmp_path / "model" / "a.json") == {"a.json": digests["a.json"]}
