"""`.env` as compose, python-dotenv and Windows editors write it: one parser, with compose's meaning."""

from __future__ import annotations

from pathlib import Path

import pytest

from bank_marketing import env_file
from bank_marketing.errors import ConfigError


def values(folder: Path, text: str | bytes, **environ: str) -> dict[str, str]:
    path = folder / ".env"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return {name: line.value for name, line in env_file.read(path, environ).items()}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("X=9", "9"),
        ("X=9\r", "9"),
        ("X = 9", "9"),
        ('X="9"', "9"),
        ("X='9'", "9"),
        ("export X=9", "9"),
        ("X=50   # euro, from controlling", "50"),
        ('X="50"   # euro', "50"),
        ("X=a#b", "a#b"),
        ('X="a # b"', "a # b"),
        ("X=", ""),
        ("X=   # nothing", ""),
        ("X=a b c  ", "a b c"),
        (r'X="two\nlines"', "two\nlines"),
        (r"X='no\nbreak'", r"no\nbreak"),
        ("X=${HOST}:5000", "mlflow:5000"),
        ("X=$HOST/x", "mlflow/x"),
        ('X="${HOST}"', "mlflow"),
        ("X='${HOST}'", "${HOST}"),
        ("X=pa$$word", "pa$word"),
        (r'X="pa\$HOST"', "pa$HOST"),
        ("X=${NONE:-5}${EMPTY:-6}${EMPTY-7}", "56"),
        ('X={"host": "mail", "port": 587}', '{"host": "mail", "port": 587}'),
    ],
)
def test_a_line_means_what_it_means_to_compose(tmp_path: Path, line: str, value: str) -> None:
    assert values(tmp_path, f"# first\n{line}\n", HOST="mlflow", EMPTY="") == {"X": value}


def test_later_lines_win_and_may_use_earlier_ones_and_the_environment_wins_over_both(tmp_path: Path) -> None:
    text = "A=1\nB=$A-$C\nA=2\nD=$A\n"
    assert values(tmp_path, text, C="shell") == {"A": "2", "B": "1-shell", "D": "2"}
    assert values(tmp_path, text, C="shell", A="9") == {"A": "2", "B": "9-shell", "D": "9"}
    path = tmp_path / ".env"
    path.write_text("BANK_A=file\nBANK_B=file\nPLATFORM_UID=7\n")
    assert env_file.missing(path, {"BANK_A": "shell"}) == {"BANK_B": "file"}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"A=1\r\n\r\nB='open\r\n", "line 3: `B='open` is no NAME=value"),
        (b"A=1\n# x\nB=pa$sword\n", "line 3: nothing sets sword; where the $ belongs to the value, put it in 'single quotes'"),
        ("A=März\n".encode("cp1252"), "is not UTF-8 text: save it again"),
        ("A=1\n".encode("utf-16"), "is not UTF-8 text: save it again"),
    ],
)
def test_what_cannot_be_read_is_one_sentence_with_its_line(tmp_path: Path, content: bytes, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        values(tmp_path, content)
    assert str(caught.value).startswith(str(tmp_path / ".env"))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_it_is_taken_over_once_and_a_value_knows_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / ".env"
    path.write_text("# prices\n\nBANK_CALL_COST=9\n")
    environ: dict[str, str] = {}
    env_file.take_over(path, environ)
    assert environ == {"BANK_CALL_COST": "9", "BANK_ENV_FILE": str(path)}
    path.write_text("BANK_DEPOSIT_MARGIN=1\n")
    env_file.take_over(path, environ)
    assert "BANK_DEPOSIT_MARGIN" not in environ


def test_no_file_is_no_setting(tmp_path: Path) -> None:
    assert env_file.read(tmp_path / ".env") == {}
    environ: dict[str, str] = {}
    env_file.take_over(tmp_path / ".env", environ)
    assert environ == {}
