"""The environment of all commands, and what people put into .env."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

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


@pytest.mark.parametrize("name", ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW_CONN_AIRFLOW_METADATA"])
def test_who_writes_while_airflow_writes_waits(tmp_path: Path, name: str) -> None:
    """A run that is started by REST while the scheduler writes is created, and no error."""
    given = environment.airflow_environment(tmp_path)[name]
    url = json.loads(given)["extra"]["sql_alchemy_conn"] if name.startswith("AIRFLOW_CONN") else given
    with closing(sqlite3.connect(tmp_path / "airflow.db", check_same_thread=False)) as other:
        other.executescript("CREATE TABLE runs (id INTEGER)")
        other.isolation_level = None
        other.execute("BEGIN IMMEDIATE")
        release = threading.Timer(6.0, lambda: other.execute("COMMIT"))  # beyond the five seconds that SQLite waits by default
        release.start()
        try:
            with create_engine(url).begin() as connection:
                connection.execute(text("INSERT INTO runs VALUES (1)"))
        finally:
            release.join()
        assert other.execute("SELECT count(*) FROM runs").fetchone() == (1,)
