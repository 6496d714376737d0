"""The artifact store on S3: publication is one conditional write of the manifest, after everything else is in place."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from bank_marketing.artifacts.s3_client import ATTEMPTS, PARALLEL, answering, connect, is_missing, is_taken, was_repeated
from bank_marketing.artifacts.store import MANIFEST, ArtifactStore, Stage
from bank_marketing.errors import ArtifactMissing, ConfigError, StoreUnavailable
from bank_marketing.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.fs as arrow_fs

T = TypeVar("T")

#: Keys that one request may delete.
_DELETED_AT_ONCE = 1000


class S3Store(ArtifactStore):
    """Artifacts below one prefix of a bucket."""

    def __init__(self, settings: Settings) -> None:
        """Open the store of `settings.artifacts`; nothing is asked yet. Raises ConfigError for a root without a bucket."""
        self.settings = settings
        self.root = settings.artifacts
        self.bucket = self.root.removeprefix("s3://").partition("/")[0]
        if not self.bucket:
            raise ConfigError(f"BANK_ARTIFACT_ROOT={self.root} names no bucket: write s3://bucket/prefix")

    @cached_property
    def client(self) -> Any:
        """The S3 client; it may be used by several threads."""
        with self.answering("open", self.root):
            return connect(self.settings)

    def answering(self, action: str, uri: str) -> AbstractContextManager[None]:
        """Turn the failures of S3 into StoreUnavailable."""
        return answering(self.settings, action, uri)

    def key(self, uri: str) -> str:
        """The key of a URI of this store."""
        return uri.removeprefix(f"s3://{self.bucket}").strip("/")

    def uri_of(self, key: str) -> str:
        """The URI of a key."""
        return f"s3://{self.bucket}/{key}"

    def check_bucket(self) -> None:
        """Ask for the bucket, once: an object that is not there and a bucket that is not there are two things. Raises StoreUnavailable."""
        if not self.__dict__.get("_checked"):
            with self.answering("open", self.root):
                self.client.list_objects_v2(Bucket=self.bucket, Prefix=self.key(self.root), MaxKeys=1)
            self.__dict__["_checked"] = True

    def exists(self, uri: str) -> bool:
        """Whether there is an object at `uri`."""
        with self.answering("look for", uri):
            try:
                self.client.head_object(Bucket=self.bucket, Key=self.key(uri))
            except ClientError as error:
                if not is_missing(error):
                    raise
                self.check_bucket()
                return False
        return True

    def read_bytes(self, uri: str) -> bytes:
        """Content of the object at `uri`."""
        with self.answering("read", uri):
            try:
                content: bytes = self.client.get_object(Bucket=self.bucket, Key=self.key(uri))["Body"].read()
            except ClientError as error:
                if is_missing(error):
                    raise ArtifactMissing(f"there is no file {uri}") from error
                raise
        return content

    def write_bytes(self, uri: str, content: bytes, *, if_absent: bool = False) -> bool:
        """Write one object in one step."""
        request = {"Bucket": self.bucket, "Key": self.key(uri), "Body": content}
        with self.answering("write", uri):
            if not if_absent:
                self.client.put_object(**request)
                return True
            try:
                self.client.put_object(**request, IfNoneMatch="*")
            except ClientError as error:
                if not is_taken(error):
                    raise
                return was_repeated(error) and self.read_bytes(uri) == content
        return True

    def list_files(self, uri: str) -> Iterator[str]:
        """URIs of all objects below a prefix, sorted as a file system's paths are."""
        yield from (self.uri_of(key) for key in sorted(self.keys_below(self.key(uri)), key=lambda key: key.split("/")))

    def list_folders(self, uri: str) -> list[str]:
        """Names of the folders directly below a prefix, sorted: one answer names a thousand of them, however much they hold."""
        prefix = f"{self.key(uri)}/"
        with self.answering("list", uri):
            pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix, Delimiter="/")
            found = [entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", ())]
        return sorted(name.removeprefix(prefix).removesuffix("/") for name in found)

    def published(self, uri: str, names: Iterable[str]) -> set[str]:
        """Those of some names at which an artifact was published: for many, what lies below is listed, a thousand an answer."""
        wanted = set(names)
        if len(wanted) <= PARALLEL:
            return super().published(uri, wanted)
        below = f"{self.key(uri)}/"
        found = (key.removeprefix(below) for key in self.keys_below(self.key(uri)) if key.endswith(f"/{MANIFEST}"))
        return wanted.intersection(name.removesuffix(f"/{MANIFEST}") for name in found)

    def keys_below(self, key: str, *, markers: bool = False) -> list[str]:
        """Keys of all objects below a key taken as a folder; with `markers`, also the empty ones that Spark writes for folders."""
        return [entry["Key"] for entry in self._entries_below(key) if markers or not entry["Key"].endswith("/")]

    def _entries_below(self, key: str) -> list[dict[str, Any]]:
        with self.answering("list", self.uri_of(key)):
            pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=f"{key}/")
            return [entry for page in pages for entry in page.get("Contents", ())]

    def leftovers(self) -> Iterator[tuple[str, datetime, int]]:
        """Stages and claims, by the time of their newest object."""
        from bank_marketing.artifacts.s3_stage import STAGING

        top = self.key(self.uri(STAGING))
        found: dict[str, list[dict[str, Any]]] = {}
        for entry in self._entries_below(top):
            if name := entry["Key"].removeprefix(f"{top}/").partition("/")[0]:
                found.setdefault(name, []).append(entry)
        for name, entries in sorted(found.items()):
            yield (
                self.uri_of(f"{top}/{name}"),
                max(entry["LastModified"] for entry in entries),
                sum(entry["Size"] for entry in entries),
            )

    def remove(self, uri: str) -> None:
        """Remove an object, or all below a prefix: manifests first, so that what is half removed is no artifact any more."""
        keys = [self.key(uri), *self.keys_below(self.key(uri), markers=True)]
        for manifests in (True, False):
            self.remove_keys([key for key in keys if key.endswith(f"/{MANIFEST}") is manifests])

    def remove_keys(self, keys: Sequence[str]) -> None:
        """Remove objects; those that are not there are fine."""
        for start in range(0, len(keys), _DELETED_AT_ONCE):
            some = keys[start : start + _DELETED_AT_ONCE]
            with self.answering("remove", self.uri_of(some[0])):
                wanted = {"Objects": [{"Key": key} for key in some], "Quiet": True}
                told = self.client.delete_objects(Bucket=self.bucket, Delete=wanted)
            if told.get("Errors"):
                first = told["Errors"][0]
                raise StoreUnavailable(
                    f"cannot remove {self.uri_of(first['Key'])}: {first.get('Message') or first.get('Code')}"
                )

    def stage(self) -> AbstractContextManager[Stage]:
        """A fresh stage, private to this try. Raises StoreUnavailable at once when the bucket cannot be reached."""
        from bank_marketing.artifacts.s3_stage import open_stage

        return open_stage(self)

    @contextmanager
    def local_copy(self, uri: str) -> Iterator[Path]:
        """A copy in a temporary folder, gone afterwards."""
        key = self.key(uri)
        with tempfile.TemporaryDirectory(prefix="bank-marketing-") as folder:
            path = Path(folder) / key.rpartition("/")[2]
            if not self._fetch_one(key, path):
                keys = self.keys_below(key)
                if not keys:
                    raise ArtifactMissing(f"there is nothing at {uri}")
                self.fetch({found: path / found.removeprefix(f"{key}/") for found in keys})
            yield path

    def _fetch_one(self, key: str, path: Path) -> bool:
        with self.answering("read", self.uri_of(key)):
            try:
                self.client.download_file(self.bucket, key, str(path))
            except ClientError as error:
                if is_missing(error):
                    return False
                raise
        return True

    def fetch(self, files: dict[str, Path]) -> None:
        """Download objects, several at a time. Raises ArtifactMissing when one of them is gone."""

        def fetch(key: str) -> None:
            files[key].parent.mkdir(parents=True, exist_ok=True)
            if not self._fetch_one(key, files[key]):
                raise ArtifactMissing(f"there is no file {self.uri_of(key)}")

        self.in_parallel(fetch, files)

    @staticmethod
    def in_parallel(work: Callable[[T], None], items: Iterable[T]) -> None:
        """Do something with each item, several at a time; the first failure is raised when those that run have ended."""
        todo = list(items)
        with ThreadPoolExecutor(min(PARALLEL, max(1, len(todo)))) as pool:
            done = [pool.submit(work, item) for item in todo]
            try:
                for future in done:
                    future.result()
            finally:
                for future in done:
                    future.cancel()

    def read_table(
        self, uri: str, *, columns: Sequence[str] | None = None, filters: Sequence[tuple[str, str, Any]] | None = None
    ) -> pa.Table:
        """Rows of a Parquet object, or of a prefix of them, read in place."""
        import pyarrow.parquet as pq

        path = f"{self.bucket}/{self.key(uri)}"
        with self.answering("read", uri):
            try:
                return pq.read_table(path, columns=columns, filters=filters, partitioning=None, filesystem=self.arrow)
            except FileNotFoundError as error:
                self.check_bucket()
                raise ArtifactMissing(f"there is nothing at {uri}") from error

    @cached_property
    def arrow(self) -> arrow_fs.S3FileSystem:
        """The same store for pyarrow, just as patient."""
        import pyarrow.fs as arrow_fs

        scheme, _, host = (self.settings.s3_endpoint_url or "").rpartition("://")
        key, secret = self.settings.s3_access_key, self.settings.s3_secret_key
        keys = {"access_key": key.get_secret_value(), "secret_key": secret.get_secret_value()} if key and secret else {}
        return arrow_fs.S3FileSystem(
            region=self.client.meta.region_name,
            **({"endpoint_override": host.rstrip("/"), "scheme": scheme} if host else {}),
            **keys,
            connect_timeout=min(5.0, self.settings.s3_timeout_seconds),
            request_timeout=self.settings.s3_timeout_seconds,
            retry_strategy=arrow_fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
        )

    def spark_uri(self, uri: str) -> str:
        """Hadoop knows S3 as s3a://."""
        return f"s3a://{self.bucket}/{self.key(uri)}"
