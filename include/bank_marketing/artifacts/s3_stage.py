"""A stage whose artifact goes to S3: files lie in a local folder, what Spark writes lies below a prefix of its own."""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.exceptions import ClientError

from bank_marketing.artifacts.local import FolderStage, is_marker, told
from bank_marketing.artifacts.manifest import Manifest, digest_of
from bank_marketing.artifacts.s3_client import is_missing, is_taken
from bank_marketing.artifacts.store import MANIFEST
from bank_marketing.errors import StoreUnavailable

if TYPE_CHECKING:
    from bank_marketing.artifacts.s3 import S3Store

#: Spark's output, uploads and claims of tries. What a killed process leaves here is nobody's: pruning removes it.
STAGING = "_staging"

#: S3 copies larger objects in parts only.
_ONE_COPY = 5 * 1024**3

#: Seconds for which a place is one writer's alone. Publishing takes a few; whoever was killed meanwhile holds up the others that long.
LEASE = 120.0

log = logging.getLogger(__name__)


class S3Stage(FolderStage):
    """Files in `path`; Spark's in `uri`, fetched when they are numbered, for their digests and names."""

    def __init__(self, store: S3Store, path: Path) -> None:
        self.store: S3Store = store
        self.path = path
        self.prefix = store.key(store.uri(STAGING, f"try-{uuid4().hex}"))
        self.staged: dict[Path, str] = {}
        self.used = False

    @property
    def uri(self) -> str:  # type: ignore[override]  # asked for by whoever lets Spark write: until then there is nothing to clean up
        """Where Spark writes."""
        self.used = True
        return self.store.spark_uri(self.store.uri_of(self.prefix))

    def number_parts(self, spark_folder: str) -> None:
        """Fetch what Spark wrote, and give its part files numbers for names."""
        self._fetch(spark_folder)
        super().number_parts(spark_folder)

    def rename(self, path: Path, target: Path) -> None:
        """Give a staged file another name; its object keeps its own."""
        super().rename(path, target)
        if path in self.staged:
            self.staged[target] = self.staged.pop(path)

    def _fetch(self, spark_folder: str) -> None:
        """Download what Spark wrote into a folder."""
        keys = [
            key for key in self.store.keys_below(f"{self.prefix}/{spark_folder}") if key.rpartition("/")[2].startswith("part-")
        ]
        files = {key: self.path / key.removeprefix(f"{self.prefix}/") for key in keys}
        with told("write to", self.path):
            self.store.fetch(files)
        self.staged |= {path: key for key, path in files.items()}

    def commit(self, manifest: Manifest, folder: str = "") -> Manifest:
        """Publish: upload, claim the place, copy inside S3, and write the manifest as the last object, on condition that none is there."""
        source, target = self.path / folder, self.store.key(manifest.uri)
        files = [path for path in sorted(source.rglob("*")) if path.is_file() and not is_marker(path)]
        self.store.in_parallel(self._upload, [path for path in files if path not in self.staged])
        wanted = {f"{target}/{path.relative_to(source).as_posix()}": path for path in files}
        with claimed(self.store, manifest.uri) as still_ours:
            before = self.store.keys_below(target)
            manifest_key = f"{target}/{MANIFEST}"
            if manifest_key in before:
                existing = self.store.manifest(manifest.uri)
                if existing.content_digest == manifest.content_digest:
                    return existing
                # Without its manifest the old artifact is no artifact: nobody takes a mixture for either.
                self.store.remove_keys([manifest_key])
            self.store.in_parallel(lambda key: self._place(wanted[key], key), wanted)
            self.store.remove_keys([key for key in before if key not in wanted and key != manifest_key])
            still_ours()
            content = (manifest.model_dump_json(indent=2) + "\n").encode()
            if not self.store.write_bytes(f"{manifest.uri}/{MANIFEST}", content, if_absent=True):
                raise StoreUnavailable(f"cannot publish {manifest.uri}: another try published there at the same time")
        self.staged = {path: key for path, key in self.staged.items() if not path.is_relative_to(source)}
        shutil.rmtree(source)
        self.path.mkdir(exist_ok=True)
        return manifest

    def _upload(self, path: Path) -> None:
        key = f"{self.prefix}/files/{path.relative_to(self.path).as_posix()}"
        self.used = True
        with self.store.answering("write", self.store.uri_of(key)):
            self.store.client.upload_file(str(path), self.store.bucket, key)
        self.staged[path] = key

    def _place(self, path: Path, key: str) -> None:
        """Copy a staged object to its place, inside S3."""
        source = {"Bucket": self.store.bucket, "Key": self.staged[path]}
        with self.store.answering("publish", self.store.uri_of(key)):
            if path.stat().st_size < _ONE_COPY:
                self.store.client.copy_object(Bucket=self.store.bucket, Key=key, CopySource=source)
            else:
                self.store.client.copy(source, self.store.bucket, key)


@contextmanager
def open_stage(store: S3Store) -> Iterator[S3Stage]:
    """A stage; what it holds when it closes is gone."""
    store.check_bucket()
    with told("write to", tempfile.gettempdir()):
        path = Path(tempfile.mkdtemp(prefix="bank-marketing-"))
    stage = S3Stage(store, path)
    try:
        yield stage
    finally:
        shutil.rmtree(path, ignore_errors=True)
        if stage.used:
            # A store that is down now has been reported; the rest is the lifecycle's.
            with suppress(StoreUnavailable):
                store.remove_keys(store.keys_below(stage.prefix, markers=True))


@contextmanager
def claimed(store: S3Store, uri: str) -> Iterator[Any]:
    """Be the only one who publishes at `uri`, for up to LEASE seconds; wait for another who does.

    Gives a function that raises StoreUnavailable when the time is over.

    Raises:
        StoreUnavailable: another has held the place all the time, or the store does not answer.
    """
    key, token = store.key(store.uri(STAGING, "claims", digest_of(uri)[:32])), uuid4().hex
    _claim(store, uri, key, token)
    since = time.monotonic()

    def still_ours() -> None:
        if time.monotonic() - since > LEASE * 0.8:  # a margin for the request that follows
            raise StoreUnavailable(
                f"cannot publish {uri}: the store took more than {LEASE * 0.8:.0f} s; nothing was half-published"
            )

    try:
        yield still_ours
    finally:
        if time.monotonic() - since < LEASE:
            with suppress(StoreUnavailable):
                store.remove_keys([key])


def _claim(store: S3Store, uri: str, key: str, token: str) -> None:
    deadline = time.monotonic() + LEASE + 30
    condition = {"IfNoneMatch": "*"}
    wait = 0.1
    while True:
        with store.answering("publish", uri):
            try:
                store.client.put_object(
                    Bucket=store.bucket, Key=key, Body=json.dumps({"uri": uri}), Metadata={"by": token}, **condition
                )
                return
            except ClientError as error:
                if not is_taken(error) and not is_missing(error):
                    raise
            held_by, etag, age = _holder(store, key)
        if held_by == token:  # the answer to an earlier try of the same request got lost
            return
        condition = {"IfMatch": etag} if age > LEASE else {"IfNoneMatch": "*"}
        if time.monotonic() > deadline:
            raise StoreUnavailable(f"cannot publish {uri}: another try has been publishing there for {age:.0f} s")
        if age <= LEASE:
            time.sleep(wait)
            wait = min(2 * wait, 2.0)


def _holder(store: S3Store, key: str) -> tuple[str, str, float]:
    """Who holds a claim, its ETag, and its age by the server's clock; the age is 0 when it is gone."""
    try:
        found = store.client.head_object(Bucket=store.bucket, Key=key)
    except ClientError as error:
        if not is_missing(error):
            raise
        return "", "", 0.0
    now = parsedate_to_datetime(found["ResponseMetadata"]["HTTPHeaders"]["date"])
    return found["Metadata"].get("by", ""), found["ETag"], (now - found["LastModified"]).total_seconds()
