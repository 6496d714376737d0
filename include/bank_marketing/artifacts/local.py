"""The artifact store on a file system: publication is one rename."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from bank_marketing.artifacts.digests import content_digest, file_digest
from bank_marketing.artifacts.manifest import FileEntry, Manifest
from bank_marketing.artifacts.store import MANIFEST, ArtifactStore, Stage
from bank_marketing.errors import ArtifactMissing, StoreUnavailable

if TYPE_CHECKING:
    import pyarrow as pa

_STAGING = "_staging"

_WHY = {
    errno.ENOSPC: "the disk is full: free some space, or `bank-marketing prune`",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "this user may not write there",
    errno.EPERM: "this user may not write there",
}


@contextmanager
def told(action: str, place: Path | str) -> Iterator[None]:
    """Turn an OSError into the sentence an operator needs."""
    try:
        yield
    except OSError as error:
        reason = _WHY.get(error.errno or 0, error.strerror or str(error))
        raise StoreUnavailable(f"cannot {action} {place}: {reason} (BANK_ARTIFACT_ROOT says where artifacts go)") from error


def uri_of(path: Path) -> str:
    """file:// URI of a path; `=` stays readable, as in `contact_date=2010-06-30`."""
    return "file://" + quote(str(path.absolute()), safe="/=")


def path_of(uri: str) -> Path:
    """Local path of a file:// URI."""
    return Path(unquote(urlsplit(uri).path))


def is_marker(path: Path) -> bool:
    """Whether a file is Spark's or the system's own, and no part of an artifact."""
    return path.name.startswith((".", "_SUCCESS"))


def _fresh_file(folder: Path) -> tuple[int, str]:
    """A file that nobody else has, open for writing: in a folder that is mostly there, since a prediction is one file."""
    name, flags = f"{folder}/.{secrets.token_hex(8)}", os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        return os.open(name, flags, 0o600), name
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
        return os.open(name, flags, 0o600), name


class FolderStage(Stage):
    """A stage whose files lie in a local folder: all but where it is published to."""

    def number_parts(self, spark_folder: str) -> None:
        """Give Spark's part files numbers for names."""
        for number, part in enumerate(sorted((self.path / spark_folder).glob("part-*"))):
            self.rename(part, part.with_name(f"part-{number}.parquet"))

    def rename(self, path: Path, target: Path) -> None:
        """Give a staged file another name."""
        path.rename(target)

    def files(self, folder: str = "") -> list[FileEntry]:
        """Staged files with their digests."""
        base = self.path / folder
        found = sorted(path for path in base.rglob("*") if path.is_file() and not is_marker(path))
        with told("read", base):
            return [
                FileEntry(
                    path=path.relative_to(base).as_posix(),
                    sha256=file_digest(path),
                    size=path.stat().st_size,
                    content=content_digest(path),
                )
                for path in found
            ]


class _LocalStage(FolderStage):
    def __init__(self, store: LocalStore, path: Path) -> None:
        self.store: LocalStore = store
        self.path = path
        self.uri = store.spark_uri(uri_of(path))

    def commit(self, manifest: Manifest, folder: str = "") -> Manifest:
        source, target = self.path / folder, path_of(manifest.uri)
        with told("publish", target):
            for leftover in [path for path in source.rglob("*") if path.is_file() and is_marker(path)]:
                leftover.unlink()
            (source / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
            target.parent.mkdir(parents=True, exist_ok=True)
            replaced = self.store.fresh_staging("replaced-")
            if target.exists():  # an earlier try that left no manifest, or other content: out of the way, then in place
                target.rename(replaced)
            source.rename(target)
            shutil.rmtree(replaced, ignore_errors=True)
            if source == self.path:
                self.path.mkdir()
        return manifest


class LocalStore(ArtifactStore):
    """Artifacts below one directory of a file system."""

    def __init__(self, root: str) -> None:
        """Open (and make when it is first written to) the store at a file:// URI."""
        self.root = root.rstrip("/")
        self.path = path_of(self.root)

    def exists(self, uri: str) -> bool:
        """Whether there is a file at `uri`."""
        return path_of(uri).is_file()

    def read_bytes(self, uri: str) -> bytes:
        """Content of the file at `uri`."""
        try:
            return path_of(uri).read_bytes()
        except FileNotFoundError as error:
            raise ArtifactMissing(f"there is no file {uri}") from error

    def write_bytes(self, uri: str, content: bytes, *, if_absent: bool = False) -> bool:
        """Write one file in one step."""
        target = path_of(uri)
        with told("write", target):
            handle, name = _fresh_file(target.parent)
            try:
                with os.fdopen(handle, "wb") as stream:
                    stream.write(content)
                if not if_absent:
                    Path(name).replace(target)
                    return True
                try:
                    os.link(name, target)
                except FileExistsError:
                    return False
                return True
            finally:
                Path(name).unlink(missing_ok=True)

    def list_files(self, uri: str) -> Iterator[str]:
        """URIs of all files below a directory URI, sorted."""
        base = path_of(uri)
        yield from (uri_of(path) for path in sorted(base.rglob("*")) if path.is_file())

    def list_folders(self, uri: str) -> list[str]:
        """Names of the folders directly below a directory URI, sorted."""
        try:
            with os.scandir(path_of(uri)) as entries:
                return sorted(entry.name for entry in entries if entry.is_dir())
        except FileNotFoundError:
            return []

    def remove(self, uri: str) -> None:
        """Remove a file or a directory."""
        path = path_of(uri)
        with told("remove", path):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def leftovers(self) -> Iterator[tuple[str, datetime, int]]:
        """Stages, by the time at which each folder last changed."""
        for path in sorted((self.path / _STAGING).glob("*")):
            size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
            yield self.uri(_STAGING, path.name), datetime.fromtimestamp(path.stat().st_mtime, UTC), size

    def fresh_staging(self, prefix: str) -> Path:
        """A path that nothing uses yet, on the same file system as the artifacts (so that a rename is atomic)."""
        staging = self.path / _STAGING
        staging.mkdir(parents=True, exist_ok=True)
        path = Path(tempfile.mkdtemp(dir=staging, prefix=prefix))
        path.rmdir()
        return path

    @contextmanager
    def stage(self) -> Iterator[Stage]:
        """A fresh stage, private to this try."""
        with told("write to", self.path):
            path = self.fresh_staging("try-")
            path.mkdir()
        try:
            yield _LocalStage(self, path)
        finally:
            shutil.rmtree(path, ignore_errors=True)

    @contextmanager
    def local_copy(self, uri: str) -> Iterator[Path]:
        """The path itself: nothing is copied."""
        path = path_of(uri)
        if not path.exists():
            raise ArtifactMissing(f"there is nothing at {uri}")
        yield path

    def read_table(
        self, uri: str, *, columns: Sequence[str] | None = None, filters: Sequence[tuple[str, str, Any]] | None = None
    ) -> pa.Table:
        """Rows of a Parquet file, or of a folder of them."""
        import pyarrow.parquet as pq

        with self.local_copy(uri) as path:
            return pq.read_table(path, columns=columns, filters=filters, partitioning=None)

    def spark_uri(self, uri: str) -> str:
        """Spark takes a file:// path literally: nothing in it may be percent-encoded."""
        return f"file://{path_of(uri)}"
