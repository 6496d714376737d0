"""How an export is written is found out from its bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from bank_marketing.errors import ConfigError
from bank_marketing.onboarding.dialect import find_dialect

ROWS = 'Größe;Name;Tag\n3,5;"Müller; Söhne";01.02.2024\n4,0;Groß;02.02.2024\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_encoding_is_found(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(ROWS.encode(encoding))
    assert find_dialect(path).encoding == encoding


def test_a_text_in_utf8_stays_utf8_when_its_first_mark_comes_late(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(b"a;b\n" + b"1;2\n" * 400_000 + "ü;2\n".encode())
    assert find_dialect(path).encoding == "utf-8"
    path.write_bytes(b"a;b\n" + b"1;2\n" * 400_000 + "ü;2\n".encode("cp1252"))
    assert find_dialect(path).encoding == "cp1252"


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_the_delimiter_is_the_one_that_splits_all_lines_alike(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "export.csv"
    path.write_text(delimiter.join(("a", "b", "c")) + "\n" + delimiter.join(('"1,5;x"', "2", "3")) + "\n", encoding="utf-8")
    assert find_dialect(path).delimiter == delimiter


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "has no rows"),
        ("a;b\n", "has no rows"),
        ("a;b\n1;2;3\n", "same number of cells"),
        ("a\n1\n", "same number of cells"),
    ],
)
def test_what_is_no_table_is_refused_in_words(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "export.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=words):
        find_dialect(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no file"):
        find_dialect(tmp_path / "export.csv")
