"""An artifact appears whole or not at all, and says when it is not what it was."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from threading import Barrier, Thread

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bank_marketing.artifacts import ArtifactRef, ArtifactStore, LocalStore, Manifest, open_store
from bank_marketing.errors import ArtifactCorrupt, ArtifactMissing, ConfigError, StoreUnavailable
from bank_marketing.settings import Settings
from tests.support.s3_server import S3Server


@pytest.fixture(params=["file", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    """A store of each kind: what is promised here is promised of both."""
    if request.param == "file":
        return LocalStore((tmp_path / "root with space").as_uri())
    server: S3Server = request.getfixturevalue("s3")
    return open_store(server.settings(tmp_path))


def everything(store: ArtifactStore) -> list[str]:
    return [uri.removeprefix(f"{store.root}/") for uri in store.list_files(store.root)]


def publish(store: ArtifactStore, content: str = "x", place: str = "runs/a", **fields: object) -> Manifest:
    with store.stage() as stage:
        (stage.path / "data.txt").write_text(content)
        (stage.path / "page.html").write_text(f"made at {os.urandom(4).hex()}")
        return stage.publish(store.uri(place), "thing", volatile=lambda path: path.endswith(".html"), **fields)


def test_folders_are_named_without_what_lies_in_them(store: ArtifactStore) -> None:
    for place in (
        "runs/b/2010-01-02/x.json",
        "runs/b/2010-01-01/deep/er/x.json",
        "runs/b a/x.json",
        "runs/file.json",
        "runs-2/x/y",
    ):
        store.write_bytes(store.uri(place), b"{}")
    assert store.list_folders(store.uri("runs")) == ["b", "b a"]
    assert store.list_folders(store.uri("runs/b")) == ["2010-01-01", "2010-01-02"]
    assert store.list_folders(store.uri("runs/b/2010-01-02")) == []
    assert store.list_folders(store.uri("nothing")) == []


@pytest.mark.parametrize("count", [0, 1, 8, 9, 20])
def test_of_many_places_those_with_an_artifact_are_told(store: ArtifactStore, count: int) -> None:
    names = [f"day={number}/{number:x}" for number in range(count)]
    for name in names[::2]:
        store.write_bytes(store.uri("clean", name, "manifest.json"), b"{}")
        store.write_bytes(store.uri("clean", name, "rejected/manifest.json"), b"{}")
    for name in names[1::2]:
        store.write_bytes(store.uri("clean", name, "part-0.parquet"), b"")
    assert store.published(store.uri("clean"), names) == set(names[::2])


def test_same_content_gives_the_same_digest_anywhere_and_any_time(store: ArtifactStore) -> None:
    one = publish(store, place="runs/a", run_id="1", as_of=date(2010, 1, 1))
    two = publish(store, place="runs/b", run_id="2", as_of=date(2010, 1, 1))
    assert one.content_digest == two.content_digest
    assert one.uri != two.uri


@pytest.mark.parametrize(
    "change", [{"content": "y"}, {"rows": {"n": 1}}, {"parameters": {"seed": 2}}, {"as_of": date(2011, 1, 1)}]
)
def test_other_content_gives_another_digest(store: ArtifactStore, change: dict[str, object]) -> None:
    assert publish(store).content_digest != publish(store, place="runs/b", **change).content_digest  # type: ignore[arg-type]


def test_publishing_again_keeps_what_is_there(store: ArtifactStore) -> None:
    first = publish(store)
    assert publish(store) == first
    assert everything(store) == ["runs/a/data.txt", "runs/a/manifest.json", "runs/a/page.html"]


def test_publishing_other_content_replaces_it_whole(store: ArtifactStore) -> None:
    publish(store, "old")
    replaced = publish(store, "new")
    assert store.read_bytes(f"{replaced.uri}/data.txt") == b"new"
    assert everything(store) == ["runs/a/data.txt", "runs/a/manifest.json", "runs/a/page.html"]


def test_a_try_that_fails_leaves_nothing(store: ArtifactStore) -> None:
    def half_a_try() -> None:
        with store.stage() as stage:
            (stage.path / "data.txt").write_text("half")
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        half_a_try()
    assert everything(store) == []


def test_no_manifest_no_artifact(store: ArtifactStore) -> None:
    manifest = publish(store)
    store.remove(f"{manifest.uri}/manifest.json")
    with pytest.raises(ArtifactMissing, match=r"no artifact at .*runs/a"):
        store.manifest(manifest.ref)
    assert publish(store).content_digest == manifest.content_digest  # and the next try mends it


def test_an_altered_file_is_named(store: ArtifactStore) -> None:
    manifest = publish(store)
    store.write_bytes(f"{manifest.uri}/data.txt", b"tampered")
    with pytest.raises(ArtifactCorrupt, match=r"data\.txt was altered"):
        store.verify(manifest.ref)


@pytest.mark.parametrize("name", ["data.txt", "page.html"])
def test_a_removed_file_is_named_also_one_that_does_not_identify_the_artifact(store: ArtifactStore, name: str) -> None:
    manifest = publish(store)
    store.verify(manifest.ref)
    store.remove(f"{manifest.uri}/{name}")
    with pytest.raises(ArtifactCorrupt, match=rf"{name} is missing; the manifest of thing lists it"):
        store.verify(manifest.ref)


def test_a_file_that_was_added_is_named_but_for_those_that_readers_skip(store: ArtifactStore) -> None:
    manifest = publish(store)
    store.write_bytes(f"{manifest.uri}/_SUCCESS", b"")
    store.verify(manifest.ref)
    store.write_bytes(f"{manifest.uri}/scores/part-9.parquet", b"more rows")
    with pytest.raises(ArtifactCorrupt, match=r"scores/part-9\.parquet does not belong there"):
        store.verify(manifest.ref)


def test_an_artifact_beside_another_is_no_part_of_it(store: ArtifactStore) -> None:
    first = publish(store, "one", beside=True)
    second = publish(store, "two", beside=True)
    third = publish(store, "three", beside=True)
    assert [made.uri.rsplit("/", 1)[1] for made in (first, second, third)] == ["a", "a-2", "a-3"]
    for made, content in ((first, b"one"), (second, b"two"), (third, b"three")):
        store.verify(made.ref)
        assert store.read_bytes(f"{made.uri}/data.txt") == content
    assert publish(store, "two", beside=True) == second, "what is there already is found again"
    assert publish(store, "one", beside=True) == first


@pytest.mark.parametrize("name", ["data.csv", "data.json", "data.parquet", "data.txt", "folder/data.csv", "DATA.CSV"])
def test_the_content_of_every_file_that_is_not_volatile_identifies_an_artifact(store: ArtifactStore, name: str) -> None:
    digests = set()
    for number, rows in enumerate((1, 2)):
        with store.stage() as stage:
            path = stage.path / name
            path.parent.mkdir(exist_ok=True)
            if name.endswith("parquet"):
                pq.write_table(pa.table({"n": list(range(rows))}), path)
            else:
                path.write_text("n\n" * rows)
            digests.add(stage.publish(store.uri("runs", str(number)), "thing").content_digest)
    assert len(digests) == 2


def test_a_file_of_another_name_or_one_more_gives_another_digest(store: ArtifactStore) -> None:
    digests = []
    for number, names in enumerate((["a.csv"], ["b.csv"], ["a.csv", "b.csv"])):
        with store.stage() as stage:
            for name in names:
                (stage.path / name).write_text("n\n")
            digests.append(stage.publish(store.uri("runs", str(number)), "thing").content_digest)
    assert len(set(digests)) == 3


def test_an_altered_manifest_is_noticed(store: ArtifactStore) -> None:
    manifest = publish(store, rows={"n": 1})
    uri = f"{manifest.uri}/manifest.json"
    store.write_bytes(uri, store.read_bytes(uri).replace(b'"n": 1', b'"n": 2'))
    with pytest.raises(ArtifactCorrupt, match="was altered"):
        store.manifest(manifest.uri)


def test_a_reference_to_other_content_is_refused(store: ArtifactStore) -> None:
    manifest = publish(store)
    stale = ArtifactRef(kind="thing", uri=manifest.uri, digest="0" * 64)
    with pytest.raises(ArtifactCorrupt, match="made again since"):
        store.manifest(stale)


def test_a_reference_is_small() -> None:
    ref = ArtifactRef(kind="validation", uri="s3://" + "b" * 200, digest="0" * 64)
    assert len(ref.model_dump_json()) < 1024


def test_write_if_absent_keeps_the_first(store: ArtifactStore) -> None:
    uri = store.uri("records", "1.json")
    assert store.write_bytes(uri, b"1", if_absent=True)
    assert not store.write_bytes(uri, b"2", if_absent=True)
    assert store.read_bytes(uri) == b"1"


def test_replaced_content_leaves_no_file_of_the_old(store: ArtifactStore) -> None:
    with store.stage() as stage:
        (stage.path / "plots").mkdir()
        (stage.path / "plots" / "old.png").write_bytes(b"old")
        stage.publish(store.uri("runs/a"), "thing")
    publish(store)
    assert everything(store) == ["runs/a/data.txt", "runs/a/manifest.json", "runs/a/page.html"]


def test_one_stage_publishes_several_artifacts(store: ArtifactStore) -> None:
    with store.stage() as stage:
        for content in ("one", "two"):
            folder = stage.path / "out"
            folder.mkdir()
            (folder / "data.txt").write_text(content)
            stage.publish(store.uri(content), "thing", folder="out")
    assert [store.read_bytes(store.uri(name, "data.txt")) for name in ("one", "two")] == [b"one", b"two"]
    for name in ("one", "two"):
        store.verify(store.uri(name))


@pytest.mark.parametrize("contents", [("same", "same"), ("this", "that")], ids=["same content", "other content"])
def test_two_tries_at_once_leave_one_whole_artifact(store: ArtifactStore, contents: tuple[str, str]) -> None:
    ready, published, failed = Barrier(2), [], []

    def one_try(content: str) -> None:
        try:
            with store.stage() as stage:
                for number in range(3):
                    (stage.path / f"{number}.txt").write_text(content)
                ready.wait()
                published.append(stage.publish(store.uri("runs/a"), "thing", notes={"by": content}))
        except (StoreUnavailable, OSError) as error:
            failed.append(error)

    threads = [Thread(target=one_try, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert published, failed
    there = store.verify(store.uri("runs/a"))
    assert there.content_digest in {manifest.content_digest for manifest in published}
    assert len({store.read_bytes(f"{there.uri}/{number}.txt") for number in range(3)}) == 1


def test_a_file_and_a_folder_can_be_read_through_a_path(store: ArtifactStore) -> None:
    for name in ("a/b/one.txt", "a/b/deep/two.txt", "a/bb/other.txt"):
        store.write_bytes(store.uri(name), name.encode())
    with store.local_copy(store.uri("a/b/one.txt")) as path:
        assert path.read_text() == "a/b/one.txt"
    with store.local_copy(store.uri("a/b")) as path:
        assert sorted(found.relative_to(path).as_posix() for found in path.rglob("*.txt")) == ["deep/two.txt", "one.txt"]
    with pytest.raises(ArtifactMissing, match="there is nothing"), store.local_copy(store.uri("a/none")):
        pass


def test_files_are_listed_and_removed_by_folder(store: ArtifactStore) -> None:
    names = ["a-b/2.txt", "a/1.txt", "a/2/3.txt"]
    for name in names:
        store.write_bytes(store.uri(name), b"x")
    assert everything(store) == ["a/1.txt", "a/2/3.txt", "a-b/2.txt"]
    store.remove(store.uri("a"))
    store.remove(store.uri("never/there"))
    assert everything(store) == ["a-b/2.txt"]


def test_a_table_is_read_where_it_lies(store: ArtifactStore) -> None:
    place = "clean/contact_date=2010-06-30"
    with store.stage() as stage:
        for number in range(2):
            (stage.path / "rows").mkdir(exist_ok=True)
            pd.DataFrame({"n": [number], "s": ["x"]}).to_parquet(stage.path / "rows" / f"part-{number}.parquet", index=False)
        stage.publish(store.uri(place), "table")
    whole = store.read_table(store.uri(place, "rows"))
    assert whole.to_pydict() == {"n": [0, 1], "s": ["x", "x"]}  # and no column of the folder's name
    assert store.read_table(store.uri(place, "rows/part-1.parquet")).num_rows == 1
    assert store.read_table(store.uri(place, "rows"), columns=["n"], filters=[("n", "==", 1)]).to_pydict() == {"n": [1]}
    with pytest.raises(ArtifactMissing):
        store.read_table(store.uri("never/there"))


def test_another_scheme_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="gs:// is not supported"):
        open_store(Settings(home=tmp_path, artifact_root="gs://bucket"))


def test_a_root_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(StoreUnavailable, match="BANK_ARTIFACT_ROOT"), LocalStore((blocked / "root").as_uri()).stage():
        pass


def test_a_full_disk_says_so_and_leaves_nothing() -> None:
    # /dev/full answers every write with ENOSPC, as a full disk does.
    from bank_marketing.artifacts.local import told

    with pytest.raises(StoreUnavailable, match="the disk is full"), told("publish", "/dev/full"):
        Path("/dev/full").write_bytes(b"x")
