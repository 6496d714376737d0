"""Files of artifacts as pages: only what a manifest lists, and only kinds that people read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from bank_marketing.artifacts import Manifest, open_store
from bank_marketing.errors import ArtifactMissing
from bank_marketing.settings import Settings
from bank_marketing_airflow.campaigns import settings_of
from bank_marketing_airflow.pages import data_docs
from bank_marketing_airflow.pages.markdown import markdown_page

#: What is shown, by suffix. Data (CSV, Parquet, models) are fetched from the store, not from here.
MEDIA = {
    ".html": "text/html; charset=utf-8",
    ".md": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ico": "image/x-icon",
    ".otf": "font/otf",
}


@dataclass(frozen=True)
class ShownFile:
    """A file as it is sent; `sandboxed` when it may hold scripts."""

    content: bytes
    media_type: str
    sandboxed: bool


def place(dag_id: str, as_of: str, run: str, component: str) -> str:
    """URI of an artifact."""
    return open_store(settings_of(dag_id)).uri("runs", dag_id, as_of, run, component)


def manifest(uri: str) -> Manifest:
    """The manifest at a place. Raises ArtifactMissing, ArtifactCorrupt; also when it says that it belongs elsewhere."""
    found = open_store(Settings()).manifest(uri)
    if found.uri != uri:
        raise ArtifactMissing(f"no artifact at {uri}: its manifest is that of {found.uri}")
    return found


def read(uri: str, path: str) -> ShownFile:
    """A file of the artifact at `uri`.

    Raises:
        ArtifactMissing: the artifact has no such file, or it is none that is shown.
    """
    suffix = PurePosixPath(path).suffix
    # Names are compared, not resolved: a path that leads elsewhere is in no manifest.
    files = {entry.path for entry in manifest(uri).files}
    if suffix not in MEDIA or path not in files:
        raise ArtifactMissing(f"{uri} has no page {path!r}: the task that makes it has not published it, or it was pruned")
    content = open_store(Settings()).read_bytes(f"{uri}/{path}")
    if suffix == ".md":
        return ShownFile(markdown_page(content.decode(), title=path).encode(), MEDIA[suffix], sandboxed=False)
    if path.startswith(data_docs.FOLDER) and suffix == ".html":
        content = data_docs.readable(content, path, files)
    return ShownFile(content, MEDIA[suffix], sandboxed=suffix in (".html", ".svg"))
