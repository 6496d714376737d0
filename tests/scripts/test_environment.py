"""The environment of all commands, and what people put into .env."""

from __future__ import annotations

import subprocess
from pathlib import Path

from scripts import environment


def sourced(folder: Path, names: str, **before: str) -> subprocess.CompletedProcess[str]:
    """Print variables after sourcing the environment of `folder`, whose Python is this project's."""
    (folder / ".venv").symlink_to(environment.PROJECT / ".venv")
    environment.write(folder / "env.sh", {"AIRFLOW_HOME": "/a b"}, folder)
    return subprocess.run(
        ["sh", "-c", f". {folder}/env.sh && printf '%s|' {names}"],
        env=before | {"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_stands_in_the_env_file_arrives_and_the_shell_wins(tmp_path: Path) -> None:
    """Keys end in `=` and hold `$(…)`, which shells like to lose or to run; other programs' variables are none of ours."""
    lines = [
        "BANK_A=",
        "AWS_KEY=abc/def+1=",
        "BANK_GIVEN=file",
        'AIRFLOW_CONN_X=\'{"a": "$(touch it) `id`"}\'',
        "BANK_B",
        "IDE=x",
    ]
    (tmp_path / ".env").write_text("\n".join(lines))  # no newline at the end
    names = '"$AIRFLOW_HOME" "${BANK_A-unset}" "$AWS_KEY" "$BANK_GIVEN" "$AIRFLOW_CONN_X" "${BANK_B-unset}" "${IDE-unset}"'
    done = sourced(tmp_path, names, BANK_GIVEN="shell")
    assert done.stdout == '/a b||abc/def+1=|shell|{"a": "$(touch it) `id`"}|unset|unset|', done.stderr


def test_a_file_of_windows_arrives_without_its_line_ends_and_its_mark(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(
        b"\xef\xbb\xbfBANK_MLFLOW_TRACKING_URI=sqlite:///artifacts/mlflow.db\r\nBANK_MAIL_TO=a@b.example\r\n"
    )
    done = sourced(tmp_path, '"$BANK_MLFLOW_TRACKING_URI" "$BANK_MAIL_TO"')
    assert done.stdout == "sqlite:///artifacts/mlflow.db|a@b.example|", done.stderr


def test_a_file_that_cannot_be_read_stops_the_command_with_one_line(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text('BANK_A=1\n\nBANK_B="open\n')
    done = sourced(tmp_path, '"went on"')
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == f'{tmp_path}/.env, line 3: `BANK_B="open` is no NAME=value: is a quote left open?\n'


def test_secrets_are_read_back_and_private(tmp_path: Path) -> None:
    made = environment.new_secrets()
    environment.write(tmp_path / "env.sh", made, tmp_path)
    assert environment.read(tmp_path / "env.sh") == made
    assert (tmp_path / "env.sh").stat().st_mode & 0o777 == 0o600
