"""S3 that is down, slow, or refuses: retried for a bounded time, then said in words; and no artifact is ever half there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bank_marketing.artifacts import Manifest, s3_stage
from bank_marketing.artifacts.s3 import S3Store
from bank_marketing.artifacts.s3_stage import S3Stage
from bank_marketing.errors import ArtifactMissing, ConfigError, StoreUnavailable
from bank_marketing.settings import Settings
from tests.support.mlflow_server import free_port
from tests.support.s3_server import READER_KEY, S3Server, s3_server

DEAD_PORT = f"http://127.0.0.1:{free_port()}"

ACTIONS: dict[str, Callable[[S3Store], object]] = {
    "look": lambda store: store.has_manifest(store.uri("a")),
    "read": lambda store: store.read_bytes(store.uri("a")),
    "write": lambda store: store.write_bytes(store.uri("a"), b"x"),
    "write once": lambda store: store.write_bytes(store.uri("a"), b"x", if_absent=True),
    "list": lambda store: list(store.list_files(store.root)),
    "remove": lambda store: store.remove(store.uri("a")),
    "stage": lambda store: store.stage().__enter__(),
    "copy": lambda store: store.local_copy(store.uri("a")).__enter__(),
    "table": lambda store: store.read_table(store.uri("a")),
}


@pytest.fixture(scope="module")
def own() -> Iterator[S3Server]:
    """A server that the tests below stop and freeze."""
    with s3_server() as server:
        yield server


@pytest.fixture
def fragile(own: S3Server, tmp_path: Path) -> Iterator[S3Store]:
    """A store on that server, with little patience. The server is up again afterwards."""
    yield S3Store(own.settings(tmp_path, s3_timeout_seconds=1.0))
    if own.process is None:
        own.start()


def publish(store: S3Store, content: str) -> Manifest:
    with store.stage() as stage:
        for number in range(3):
            (stage.path / f"{number}.txt").write_text(content)
        return stage.publish(store.uri("runs/a"), "thing")


@pytest.mark.parametrize("action", list(ACTIONS))
def test_a_bucket_that_is_not_there_is_no_missing_artifact(action: str, s3: S3Server, tmp_path: Path) -> None:
    store = S3Store(s3.settings(tmp_path, artifact_root="s3://no-such-bucket/x"))
    with pytest.raises(StoreUnavailable, match="there is no such bucket"):
        ACTIONS[action](store)


@pytest.mark.parametrize("action", list(ACTIONS))
def test_a_refused_key_is_named(action: str, s3: S3Server, tmp_path: Path) -> None:
    store = S3Store(s3.settings(tmp_path, s3_secret_key=SecretStr("wrong")))
    with pytest.raises(StoreUnavailable, match=r"key was refused|may not do that|ACCESS_DENIED") as told:
        ACTIONS[action](store)
    assert "wrong" not in str(told.value)


def test_a_key_that_may_only_read_cannot_publish(s3: S3Server, tmp_path: Path) -> None:
    settings = s3.settings(tmp_path)
    publish(S3Store(settings), "old")
    reader = S3Store(settings.model_copy(update={"s3_access_key": SecretStr(READER_KEY)}))
    assert reader.read_bytes(reader.uri("runs/a/0.txt")) == b"old"
    with pytest.raises(StoreUnavailable, match="may not do that: it needs to list, read, write and delete"):
        publish(reader, "new")
    assert S3Store(settings).verify(reader.uri("runs/a")).kind == "thing"


def test_no_key_at_all_says_which_to_set(s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    store = S3Store(s3.settings(tmp_path, s3_access_key=None, s3_secret_key=None))
    with pytest.raises(StoreUnavailable, match="no key: set BANK_S3_ACCESS_KEY and BANK_S3_SECRET_KEY"):
        store.exists(store.uri("a"))


def test_the_usual_aws_chain_is_used_without_keys(s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = s3.settings(tmp_path)
    assert settings.s3_access_key is not None
    assert settings.s3_secret_key is not None
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", settings.s3_access_key.get_secret_value())
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", settings.s3_secret_key.get_secret_value())
    store = S3Store(settings.model_copy(update={"s3_access_key": None, "s3_secret_key": None}))
    store.write_bytes(store.uri("a"), b"x")
    assert store.read_bytes(store.uri("a")) == b"x"


@pytest.mark.parametrize("action", ["write once", "stage", "table"])
def test_a_server_that_is_down_is_said_in_seconds(action: str, tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path,
        artifact_root="s3://bucket/x",
        s3_endpoint_url=DEAD_PORT,
        s3_access_key=SecretStr("a"),
        s3_secret_key=SecretStr("b"),
        s3_timeout_seconds=1.0,
    )
    started = time.monotonic()
    with pytest.raises(StoreUnavailable, match=f"cannot .*({DEAD_PORT}|connect)"):
        ACTIONS[action](S3Store(settings))
    assert time.monotonic() - started < 60


def test_a_server_that_does_not_answer_is_given_up(own: S3Server, fragile: S3Store) -> None:
    fragile.write_bytes(fragile.uri("a"), b"x")
    own.freeze()
    try:
        started = time.monotonic()
        with pytest.raises(StoreUnavailable, match="does not answer"):
            fragile.read_bytes(fragile.uri("a"))
        assert time.monotonic() - started < 60
    finally:
        own.thaw()


def test_a_server_that_answers_late_is_waited_for(own: S3Server, fragile: S3Store) -> None:
    fragile.check_bucket()
    own.freeze()
    later = threading.Timer(1.5, own.thaw)
    later.start()
    try:
        assert fragile.write_bytes(fragile.uri("records/1.json"), b"1", if_absent=True)
    finally:
        later.join()
    assert fragile.read_bytes(fragile.uri("records/1.json")) == b"1"


def test_a_store_that_dies_before_all_is_uploaded_keeps_the_old_artifact(own: S3Server, fragile: S3Store) -> None:
    old = publish(fragile, "old")

    def interrupted() -> None:
        with fragile.stage() as stage:
            (stage.path / "0.txt").write_text("new")
            own.stop()
            stage.commit(old.model_copy(update={"content_digest": "other"}))

    with pytest.raises(StoreUnavailable):
        interrupted()
    own.start()
    assert fragile.verify(old.ref) == old
    assert fragile.read_bytes(f"{old.uri}/0.txt") == b"old"


@pytest.mark.parametrize("before", ["nothing", "old"], ids=["first", "replaced"])
def test_a_store_that_dies_in_mid_publication_leaves_no_artifact(
    before: str, own: S3Server, fragile: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    if before == "old":
        publish(fragile, before)
    monkeypatch.setattr(s3_stage, "LEASE", 2.0)  # the try that died holds the place that long
    place, placed = S3Stage._place, []

    def die_at_the_second(stage: S3Stage, path: Path, key: str) -> None:
        if placed:
            own.stop()
        placed.append(key)
        place(stage, path, key)

    with monkeypatch.context() as patched:
        patched.setattr(S3Stage, "_place", die_at_the_second)
        patched.setattr(S3Store, "in_parallel", staticmethod(lambda work, items: [work(item) for item in list(items)]))
        with pytest.raises(StoreUnavailable):
            publish(fragile, "new")
    own.start()
    with pytest.raises(ArtifactMissing, match="Run the task that makes it again"):
        fragile.manifest(fragile.uri("runs/a"))
    made = publish(fragile, "new")  # and the next try does
    assert fragile.verify(made.ref) == made
    assert {fragile.read_bytes(f"{made.uri}/{number}.txt") for number in range(3)} == {b"new"}


def test_more_folders_than_one_answer_names_are_all_named(s3: S3Server, tmp_path: Path) -> None:
    store = S3Store(s3.settings(tmp_path))
    names = [f"{number:04}" for number in range(1001)]
    store.in_parallel(lambda name: store.write_bytes(store.uri("days", name, "x"), b"") and None, names)
    assert store.list_folders(store.uri("days")) == names


def claim_of(store: S3Store) -> dict[str, Any]:
    key = store.key(store.uri("_staging/claims", f"{s3_stage.digest_of(store.uri('runs/a'))[:32]}"))
    return {"Bucket": store.bucket, "Key": key}


def test_a_place_that_another_publishes_at_is_waited_for(s3: S3Server, tmp_path: Path) -> None:
    store = S3Store(s3.settings(tmp_path))
    store.client.put_object(**claim_of(store), Body=b"", Metadata={"by": "another"})
    ended = threading.Event()

    def publishes() -> None:
        publish(store, "x")
        ended.set()

    thread = threading.Thread(target=publishes)
    thread.start()
    assert not ended.wait(1.5)
    assert not store.has_manifest(store.uri("runs/a"))
    store.client.delete_object(**claim_of(store))
    thread.join()
    assert ended.is_set()


def test_the_claim_of_a_killed_try_runs_out(s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_stage, "LEASE", 1.0)
    store = S3Store(s3.settings(tmp_path))
    store.client.put_object(**claim_of(store), Body=b"", Metadata={"by": "killed"})
    time.sleep(2)
    store.verify(publish(store, "x").ref)
    assert [uri for uri in store.list_files(store.root) if "_staging" in uri] == []


def everything_below(store: S3Store, folder: str) -> list[str]:
    """All keys, Spark's empty markers included."""
    shown = store.client.list_objects_v2(Bucket=store.bucket, Prefix=store.key(store.uri(folder)) + "/")
    return [entry["Key"] for entry in shown.get("Contents", [])]


def marked(store: S3Store, prefix: str) -> None:
    """What Spark leaves of an output below this key: empty objects that stand for folders, one in the other, beside the files."""
    for key in ("", "out/", "out/contact_date=2010-06-30/", "out/contact_date=2010-06-30/part-0.parquet"):
        store.client.put_object(Bucket=store.bucket, Key=f"{prefix}/{key}", Body=b"rows" if key.endswith("parquet") else b"")


def test_a_stage_leaves_not_even_an_empty_marker(s3: S3Server, tmp_path: Path) -> None:
    store = S3Store(s3.settings(tmp_path))
    with store.stage() as stage:
        assert isinstance(stage, S3Stage)
        assert stage.uri
        marked(store, stage.prefix)
        assert len(everything_below(store, "_staging")) >= 2
    assert everything_below(store, "_staging") == []


def test_what_killed_tries_left_is_told_with_its_age_and_removed_with_its_markers(s3: S3Server, tmp_path: Path) -> None:
    store = S3Store(s3.settings(tmp_path))
    before = datetime.now(UTC) - timedelta(seconds=2)  # S3 counts in seconds
    marked(store, store.key(store.uri("_staging", "try-killed")))
    [(uri, at, size)] = list(store.leftovers())
    assert (uri, size) == (store.uri("_staging", "try-killed"), len(b"rows"))
    assert before <= at <= datetime.now(UTC)
    store.remove(uri)
    assert everything_below(store, "_staging") == []
    assert list(store.leftovers()) == []


def test_a_root_without_a_bucket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="names no bucket"):
        S3Store(Settings(home=tmp_path, artifact_root="s3:///x"))
