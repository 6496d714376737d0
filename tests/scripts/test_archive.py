"""`make archive`: the real campaign in a pipeline, or a red pipeline."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from scripts import archive
from tests.support.sources import ARCHIVE


def only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **changes: object) -> None:
    """One archive, published at an address where nothing answers; the cache is a folder of the test's."""
    monkeypatch.setenv("BANK_HOME", str(tmp_path))
    (tmp_path / ".cache").mkdir()
    monkeypatch.setattr(
        archive, "pinned_archives", lambda: [replace(ARCHIVE, urls=("http://127.0.0.1:9/bank.zip",), **changes)]
    )


def test_every_campaign_of_the_repository_has_its_archive_fetched() -> None:
    assert {pinned.name for pinned in archive.pinned_archives()} == {"bank-additional.zip", "bank.zip"}


def test_without_it_there_is_no_green_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    only(monkeypatch, tmp_path)
    monkeypatch.setenv("BANK_ARCHIVE", "/somewhere/else.zip")
    assert archive.main() == 1
    assert "http://127.0.0.1:9/bank.zip" in capsys.readouterr().err


def test_another_file_under_its_name_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    only(monkeypatch, tmp_path)
    (tmp_path / ".cache" / ARCHIVE.name).write_bytes(b"another")
    assert archive.main() == 1
    assert str(tmp_path) in capsys.readouterr().err


def test_what_follows_in_the_pipeline_finds_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, archive_path: Path) -> None:
    only(monkeypatch, tmp_path)
    shutil.copy(archive_path, tmp_path / ".cache" / ARCHIVE.name)
    monkeypatch.setenv("GITHUB_ENV", str(tmp_path / "env"))
    assert archive.main() == 0
    assert (tmp_path / "env").read_text() == f"BANK_ARCHIVE={tmp_path}/.cache\n"
