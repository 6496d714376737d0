"""What an artifact is: a small reference to pass around, and the manifest that says what was made, from what."""

from __future__ import annotations

import hashlib
import json
import math
import platform
import subprocess
from datetime import date, datetime
from functools import lru_cache
from importlib import metadata
from json.encoder import encode_basestring_ascii
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

#: Libraries whose version can change what an artifact contains.
RECORDED_LIBRARIES = ("pyspark", "pandas", "numpy", "pyarrow", "scikit-learn", "lightgbm", "xgboost-cpu", "imbalanced-learn",
                      "great-expectations", "mlflow")  # fmt: skip


class ArtifactRef(BaseModel):
    """Where an artifact is and what it must contain: all that XCom carries (under 1 KB)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    uri: str
    digest: str = Field(description="content digest; the same inputs give the same digest")


class FileEntry(BaseModel):
    """One file of an artifact. A volatile file (a report with its date, a plot) is checked but does not identify it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    sha256: str
    size: int = Field(ge=0, description="bytes")
    content: str = Field(default="", description="digest of what it says, where the bytes may differ without that")
    volatile: bool = False


class Manifest(BaseModel):
    """Written last into an artifact's directory: no manifest, no artifact."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    uri: str
    as_of: date | None = None
    dag_id: str = ""
    run_id: str = ""
    created_at: datetime
    rows: dict[str, int] = Field(default_factory=dict)
    schema_digest: str = Field(default="", description="digest of the data contract")
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    details: dict[str, JsonValue] = Field(default_factory=dict, description="outcome for people; part of the content")
    notes: dict[str, JsonValue] = Field(default_factory=dict, description="run ids, links and times; not part of the content")
    files: tuple[FileEntry, ...] = ()
    parents: tuple[ArtifactRef, ...] = ()
    code_version: str = ""
    libraries: dict[str, str] = Field(default_factory=dict)
    content_digest: str = ""

    @property
    def ref(self) -> ArtifactRef:
        """The reference to this artifact."""
        return ArtifactRef(kind=self.kind, uri=self.uri, digest=self.content_digest)

    def digest(self) -> str:
        """sha256 over what the artifact contains and was made from, without places, times, run ids and versions."""
        content = {
            "kind": self.kind,
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "rows": self.rows,
            "schema": self.schema_digest,
            "parameters": self.parameters,
            "details": self.details,
            "files": sorted((entry.path, entry.content or entry.sha256) for entry in self.files if not entry.volatile),
            "parents": [(parent.kind, parent.digest) for parent in self.parents],
        }
        return digest_of(content)


def digest_of(content: Any) -> str:
    """sha256 of a JSON-like value, independent of key order."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":"), default=str).encode()).hexdigest()


def scalar_json(value: object) -> str:
    """A single value as `digest_of` writes it, without an encoder of its own: rows are written value by value."""
    kind = type(value)
    if kind is str:
        return encode_basestring_ascii(value)  # type: ignore[arg-type]  # the type is that of the line above
    if kind is bool:
        return "true" if value else "false"
    if kind is int or (kind is float and math.isfinite(value)):  # type: ignore[arg-type]
        return repr(value)
    return json.dumps(value, default=str)


@lru_cache(maxsize=1)
def library_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that can change an artifact."""
    versions = {"python": platform.python_version()}
    for name in RECORDED_LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


@lru_cache(maxsize=1)
def code_version() -> str:
    """Commit of the code that runs (with `+changes` when the tree is not clean), else the package's version."""
    from bank_marketing import __version__
    from bank_marketing.settings import PROJECT_DIR

    baked = PROJECT_DIR / "COMMIT"  # images carry no .git; the build writes this file
    if baked.is_file():
        return baked.read_text(encoding="utf-8").strip()
    try:
        commit = _git(PROJECT_DIR, "rev-parse", "HEAD")
        return commit + ("+changes" if _git(PROJECT_DIR, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return f"version {__version__}"


def _git(folder: Path, *arguments: str) -> str:
    # Fixed arguments, and the user's own git from PATH.
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603, S607
    return done.stdout.strip()
