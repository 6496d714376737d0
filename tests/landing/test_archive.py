"""The archive is believed only when its checksum is right; its sources are asked in order."""

from __future__ import annotations

import http.server
import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bank_marketing.errors import ArchiveCorrupt, ArchiveUnavailable
from bank_marketing.landing.archive import Archive, find_archive
from bank_marketing.settings import Settings
from tests.support.sources import ARCHIVE


def zipped(**members: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return target.getvalue()


def test_a_wrong_checksum_is_an_error_that_names_both(tmp_path: Path) -> None:
    path = tmp_path / "bank-additional.zip"
    path.write_bytes(zipped(readme=b"not the data"))
    with pytest.raises(ArchiveCorrupt, match=r"has sha256 [0-9a-f]{64}, expected a607b5edab6c"):
        find_archive(Settings(home=tmp_path, archive=path), ARCHIVE)


def test_a_file_that_is_no_archive_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("<html>sign in</html>")
    with pytest.raises(ArchiveCorrupt):
        find_archive(Settings(home=tmp_path, archive=path), ARCHIVE)


def test_a_wrong_checksum_inside_the_outer_file_is_an_error_too(tmp_path: Path) -> None:
    path = tmp_path / "outer.zip"
    path.write_bytes(zipped(**{"bank-additional_dot_zip": zipped(readme=b"x")}))
    with pytest.raises(ArchiveCorrupt, match="has sha256"):
        find_archive(Settings(home=tmp_path, archive=path), ARCHIVE)


def test_a_path_that_is_set_and_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ArchiveUnavailable, match=r"BANK_ARCHIVE=.*missing\.zip cannot be read"):
        find_archive(Settings(home=tmp_path, archive=tmp_path / "missing.zip"), ARCHIVE)


def test_the_archive_is_found_as_it_is_and_inside_the_outer_file(archive_path: Path, tmp_path: Path) -> None:
    direct = find_archive(Settings(home=tmp_path, archive=archive_path), ARCHIVE)
    outer = tmp_path / "bank+marketing.zip"
    outer.write_bytes(zipped(**{"bank-additional_dot_zip": archive_path.read_bytes(), "bank_dot_zip": b""}))
    wrapped = find_archive(Settings(home=tmp_path, archive=outer), ARCHIVE)
    assert isinstance(direct, Archive)
    assert isinstance(wrapped, Archive)
    assert direct.csv == wrapped.csv


@pytest.fixture
def server(archive_path: Path) -> Iterator[str]:
    """A web server that has the archive at one address, a sign-in page at another, and is down at a third."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503 if self.path == "/down" else 200)
            self.end_headers()
            self.wfile.write(archive_path.read_bytes() if self.path == "/archive" else b"<html>sign in</html>")

        def log_message(self, *arguments: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_address[1]}"
        listening.shutdown()


def test_the_next_source_is_asked_and_its_answer_kept(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published = replace(ARCHIVE, urls=(f"{server}/down", f"{server}/sign-in", f"{server}/archive"))
    monkeypatch.delenv("BANK_ARCHIVE", raising=False)
    settings = Settings(home=tmp_path)
    found = find_archive(settings, published)
    assert found is not None
    assert found.origin == f"{server}/archive"
    cached = find_archive(settings, replace(ARCHIVE, urls=()))
    assert cached is not None
    assert cached.origin.startswith("cache")


def test_no_source_at_all_gives_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published = replace(ARCHIVE, urls=("http://127.0.0.1:9/nothing-listens-here",))
    monkeypatch.delenv("BANK_ARCHIVE", raising=False)
    assert find_archive(Settings(home=tmp_path, archive_timeout_seconds=0.5), published) is None


def test_a_variable_that_is_set_to_nothing_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANK_ARCHIVE", "")
    assert Settings().archive is None


def test_the_variable_names_a_folder_or_another_campaigns_archive_beside_this_one(tmp_path: Path) -> None:
    (tmp_path / "bank.zip").touch()
    assert ARCHIVE.local(tmp_path) == tmp_path / ARCHIVE.name
    assert ARCHIVE.local(tmp_path / "bank.zip") == tmp_path / "bank.zip"  # nothing better lies beside it
    (tmp_path / ARCHIVE.outer_name).touch()
    assert ARCHIVE.local(tmp_path) == tmp_path / ARCHIVE.outer_name
    (tmp_path / ARCHIVE.name).touch()
    assert ARCHIVE.local(tmp_path) == ARCHIVE.local(tmp_path / "bank.zip") == tmp_path / ARCHIVE.name
    assert ARCHIVE.local(tmp_path / ARCHIVE.outer_name) == tmp_path / ARCHIVE.outer_name
