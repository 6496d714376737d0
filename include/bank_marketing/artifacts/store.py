"""The artifact store: directories that appear whole or not at all, on a file system or on S3."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from bank_marketing.artifacts.manifest import ArtifactRef, FileEntry, Manifest, code_version, library_versions
from bank_marketing.errors import ArtifactCorrupt, ArtifactMissing, ConfigError

if TYPE_CHECKING:
    import pyarrow as pa

    from bank_marketing.settings import Settings

MANIFEST = "manifest.json"


class Stage(ABC):
    """A private place to make an artifact in. What is not published when the stage closes is gone.

    Attributes:
        store: where it is published.
        path: local directory; files written here are part of the artifact.
        uri: where Spark writes what belongs to it (a directory URI): the same place, or one that `number_parts` fetches from.
    """

    store: ArtifactStore
    path: Path
    uri: str

    @abstractmethod
    def number_parts(self, spark_folder: str) -> None:
        """Name the part files that Spark wrote part-0.parquet, part-1.parquet, … instead of by their job's random id.

        They lie in `path` afterwards.
        """

    @abstractmethod
    def files(self, folder: str = "") -> list[FileEntry]:
        """Files staged below `folder`, paths relative to it, digests computed, hidden and marker files left out."""

    @abstractmethod
    def commit(self, manifest: Manifest, folder: str = "") -> Manifest:
        """Move `folder` (default: all) to `manifest.uri`, its manifest last; an artifact already there is replaced.

        Returns:
            The manifest that is there now: another's, when the same content was published there meanwhile.
        """

    def publish(
        self,
        uri: str,
        kind: str,
        *,
        folder: str = "",
        beside: bool = False,
        volatile: Callable[[str], bool] = lambda path: False,
        **fields: Any,
    ) -> Manifest:
        """Publish what was staged in `folder` as the artifact `uri`.

        An artifact with the same content that is already there is kept as it is, so a retried task publishes once.

        Args:
            uri: the artifact's final place.
            kind: what it is, for example `snapshot`.
            folder: sub-folder of the stage that becomes the artifact.
            beside: an artifact with other content that is already there stays, and this one gets `uri-2` (or the next number): what a
                decision stood on is never overwritten. Otherwise it is replaced.
            volatile: tells which files do not identify the artifact.
            **fields: further fields of the Manifest.

        Returns:
            The manifest of the artifact that is there now.

        Raises:
            StoreUnavailable: the store is full, read-only or does not answer.
        """
        files = tuple(
            entry.model_copy(update={"volatile": True}) if volatile(entry.path) else entry for entry in self.files(folder)
        )
        draft = Manifest(
            kind=kind,
            uri=uri,
            created_at=datetime.now(UTC),
            files=files,
            code_version=code_version(),
            libraries=library_versions(),
            **fields,
        )
        digest = draft.digest()
        place, existing = uri, self._existing(uri)
        for number in itertools.count(2):
            if not beside or existing is None or existing.content_digest == digest:
                break
            place = f"{uri}-{number}"
            existing = self._existing(place)
        if existing is not None and existing.content_digest == digest:
            return existing
        return self.commit(draft.model_copy(update={"uri": place, "content_digest": digest}), folder)

    def _existing(self, uri: str) -> Manifest | None:
        return self.store.manifest(uri) if self.store.has_manifest(uri) else None


class ArtifactStore(ABC):
    """Named bytes below one root URI. Writing the same artifact twice is free; reading a broken one is an error."""

    root: str

    def uri(self, *parts: str) -> str:
        """URI of something below the root."""
        return "/".join([self.root, *(part.strip("/") for part in parts)])

    @abstractmethod
    def exists(self, uri: str) -> bool:
        """Whether there is a file at `uri`."""

    @abstractmethod
    def read_bytes(self, uri: str) -> bytes:
        """Content of the file at `uri`. Raises ArtifactMissing when there is none."""

    @abstractmethod
    def write_bytes(self, uri: str, content: bytes, *, if_absent: bool = False) -> bool:
        """Write one file in one step. With `if_absent`, an existing file stays and the answer is False."""

    @abstractmethod
    def list_files(self, uri: str) -> Iterator[str]:
        """URIs of all files below a directory URI, sorted."""

    @abstractmethod
    def list_folders(self, uri: str) -> list[str]:
        """Names of the folders directly below a directory URI, sorted; what lies in them is not listed. Empty when there are none."""

    @abstractmethod
    def remove(self, uri: str) -> None:
        """Remove a file or a directory; nothing there is fine."""

    @abstractmethod
    def leftovers(self) -> Iterator[tuple[str, datetime, int]]:
        """What tries left on their way, whether they are at work or were killed: URI, last change, bytes. Raises StoreUnavailable."""

    @abstractmethod
    def stage(self) -> AbstractContextManager[Stage]:
        """A fresh stage, private to this try."""

    @abstractmethod
    def local_copy(self, uri: str) -> AbstractContextManager[Path]:
        """A local path to read a file or directory through, for libraries that need one."""

    @abstractmethod
    def read_table(
        self, uri: str, *, columns: Sequence[str] | None = None, filters: Sequence[tuple[str, str, Any]] | None = None
    ) -> pa.Table:
        """Rows of a Parquet file, or of a folder of them; no column is made up from names of folders.

        Raises:
            ArtifactMissing: there is nothing at `uri`.
        """

    @abstractmethod
    def spark_uri(self, uri: str) -> str:
        """The URI as Spark's Hadoop file systems know it."""

    def has_manifest(self, uri: str) -> bool:
        """Whether an artifact was published at `uri`."""
        return self.exists(f"{uri}/{MANIFEST}")

    def published(self, uri: str, names: Iterable[str]) -> set[str]:
        """Those of some names at which an artifact was published below a directory URI."""
        return {name for name in names if self.has_manifest(f"{uri}/{name}")}

    def manifest(self, artifact: ArtifactRef | str) -> Manifest:
        """The manifest of an artifact.

        Raises:
            ArtifactMissing: nothing was published there.
            ArtifactCorrupt: the manifest is unreadable, or is not the one the reference asks for.
        """
        uri = artifact if isinstance(artifact, str) else artifact.uri
        if not self.has_manifest(uri):
            raise ArtifactMissing(f"no artifact at {uri}: it has no {MANIFEST}. Run the task that makes it again.")
        try:
            manifest = Manifest.model_validate_json(self.read_bytes(f"{uri}/{MANIFEST}"))
        except ValidationError as error:
            raise ArtifactCorrupt(f"the manifest of {uri} cannot be read: {error}") from error
        if manifest.digest() != manifest.content_digest:
            raise ArtifactCorrupt(f"the manifest of {uri} was altered: its content digest does not match its content")
        if isinstance(artifact, ArtifactRef) and artifact.digest != manifest.content_digest:
            raise ArtifactCorrupt(
                f"{uri} holds {manifest.kind} {manifest.content_digest[:12]}, not the {artifact.kind} {artifact.digest[:12]} "
                "that was asked for: it was made again since. Re-run the tasks after the one that made it."
            )
        return manifest

    def verify(self, artifact: ArtifactRef | str) -> Manifest:
        """Check every file of an artifact against its manifest, and that no other is read with them.

        Raises:
            ArtifactMissing: nothing was published there.
            ArtifactCorrupt: names the first file that was altered, removed or added. Files that readers skip (`_…`, `.…`) do not count.
        """
        manifest = self.manifest(artifact)
        import hashlib

        listed = {f"{manifest.uri}/{name}" for name in (MANIFEST, *(entry.path for entry in manifest.files))}
        for uri in self.list_files(manifest.uri):
            if uri not in listed and not any(part.startswith(("_", ".")) for part in uri.removeprefix(manifest.uri).split("/")):
                raise ArtifactCorrupt(f"{uri} does not belong there; the manifest of {manifest.kind} does not list it")
        for entry in manifest.files:
            uri = f"{manifest.uri}/{entry.path}"
            if not self.exists(uri):
                raise ArtifactCorrupt(f"{uri} is missing; the manifest of {manifest.kind} lists it")
            if hashlib.sha256(self.read_bytes(uri)).hexdigest() != entry.sha256:
                raise ArtifactCorrupt(f"{uri} was altered: its sha256 is not the one in the manifest of {manifest.kind}")
        return manifest


def open_store(settings: Settings) -> ArtifactStore:
    """The store of `settings.artifacts`. Raises ConfigError for a scheme that is not known."""
    scheme = settings.artifacts.partition("://")[0]
    if scheme == "file":
        from bank_marketing.artifacts.local import LocalStore

        return LocalStore(settings.artifacts)
    if scheme == "s3":
        from bank_marketing.artifacts.s3 import S3Store

        return S3Store(settings)
    raise ConfigError(
        f"BANK_ARTIFACT_ROOT={settings.artifacts}: the scheme {scheme}:// is not supported; use a path, file:// or s3://bucket/prefix"
    )
