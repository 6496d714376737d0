"""A campaign's published archive: found on disk, in the cache or where it is published, and checked before it is believed."""

from __future__ import annotations

import hashlib
import http.client
import io
import logging
import os
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bank_marketing.campaign import open_campaign
from bank_marketing.errors import ArchiveCorrupt, ArchiveUnavailable
from bank_marketing.landing.pinned import PinnedArchive
from bank_marketing.landing.source import load_source
from bank_marketing.settings import Settings

#: No source sends more than this; the real files have 1 MB and 0.4 MB.
MAX_BYTES = 20_000_000

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Archive:
    """The checked content of the archive, and where it came from."""

    csv: bytes
    origin: str


def find_archive(settings: Settings, pinned: PinnedArchive) -> Archive | None:
    """The archive from the first source that has it, or None (then a synthetic campaign may take its place).

    `BANK_ARCHIVE` is binding: when it is set, no other source is asked. It names the archive, an outer zip that holds it, or the
    folder that either lies in; beside another campaign's archive, this one's is found as well.

    Raises:
        ArchiveUnavailable: `BANK_ARCHIVE` names no readable file.
        ArchiveCorrupt: a source has another file than the archive.
    """
    if settings.archive is not None:
        path = pinned.local(settings.archive)
        try:
            return _unpack(path.read_bytes(), f"BANK_ARCHIVE {path}", pinned)
        except OSError as error:
            raise ArchiveUnavailable(
                f"BANK_ARCHIVE={settings.archive} cannot be read ({path}: {error.strerror}): correct the path, or unset it to look "
                "in the cache and where the archive is published"
            ) from error
    cached = settings.cache / pinned.name
    if cached.is_file():
        return _unpack(cached.read_bytes(), f"cache {cached}", pinned)
    log.info("archive: BANK_ARCHIVE is not set, %s does not exist", cached)
    for url in pinned.urls:
        content = _download(url, settings.archive_timeout_seconds)
        if content is not None:
            archive = _unpack(content, url, pinned)
            _keep(cached, content)
            return archive
    return None


def archive_path(settings: Settings) -> Path | None:
    """Where the campaign's archive would lie on this machine; None when the campaign has none."""
    source = load_source(open_campaign(settings).folder)
    if source is None:
        return None
    return source.archive.local(settings.archive) if settings.archive else settings.cache / source.archive.name


def _download(url: str, timeout: float, opener: Callable[..., io.BufferedIOBase] = urllib.request.urlopen) -> bytes | None:
    try:
        with opener(url, timeout=timeout) as response:
            content = response.read(MAX_BYTES + 1)
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        log.info("archive: %s does not answer (%s)", url, getattr(error, "reason", error))
        return None
    if len(content) > MAX_BYTES:
        raise ArchiveCorrupt(f"{url} sends more than {MAX_BYTES:,} bytes: that is not the archive")
    if not zipfile.is_zipfile(io.BytesIO(content)):  # a sign-in page of a network on the way, most likely
        log.info("archive: %s answers with something that is no archive", url)
        return None
    return content


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(path)


def _unpack(content: bytes, origin: str, pinned: PinnedArchive) -> Archive:
    """Check and open the archive, or the outer file that holds it."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as outer:
            if pinned.name in outer.namelist():
                content = _member(outer, pinned.name, origin)
        _check(content, pinned.sha256, pinned.name, origin)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            csv = _member(archive, pinned.csv_name, origin)
    except (zipfile.BadZipFile, KeyError) as error:
        raise ArchiveCorrupt(
            f"{origin} is not the archive: {error}. Remove it, or put {pinned.name} there, from {pinned.urls[-1]}."
        ) from error
    _check(csv, pinned.csv_sha256, pinned.csv_name, origin)
    log.info("archive: %s", origin)
    return Archive(csv, origin)


def _member(archive: zipfile.ZipFile, name: str, origin: str) -> bytes:
    if archive.getinfo(name).file_size > MAX_BYTES:
        raise ArchiveCorrupt(f"{origin}: {name} unpacks to more than {MAX_BYTES:,} bytes: that is not the archive")
    return archive.read(name)


def _check(content: bytes, expected: str, name: str, origin: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise ArchiveCorrupt(
            f"{origin}: {name} has sha256 {found}, expected {expected}. It was altered or cut off: remove it and fetch it "
            "again."
        )
