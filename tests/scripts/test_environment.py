"""The environment of all commands, and what people put into .env."""

from __future__ import annotations

import subprocess
from pathlib import Path

from scripts import environment


def test_what_stands_in_the_env_file_arrives_as_it_is_and_the_shell_wins(tmp_path: Path) -> None:
    """Keys end in `=`, which shells like to lose; other programs' variables are none of ours."""
    lines = ["# a comment", "BANK_A=", "AWS_KEY=abc/def+1=", "BANK_GIVEN=file", "AIRFLOW_CONN_X={'a': \"$HOME\"}", "BANK_B"]
    (tmp_path / ".env").write_text("\n".join(lines))  # no newline at the end
    environment.write(tmp_path / "env.sh", {"AIRFLOW_HOME": "/a b"}, tmp_path)
    names = '"$AIRFLOW_HOME" "${BANK_A-unset}" "$AWS_KEY" "$BANK_GIVEN" "$AIRFLOW_CONN_X" "${BANK_B-unset}"'
    done = subprocess.run(
        ["sh", "-c", f". {tmp_path}/env.sh; printf '%s|' {names}"],
        env={"BANK_GIVEN": "shell", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "/a b||abc/def+1=|shell|{'a': \"$HOME\"}|unset|"


def test_secrets_are_read_back_and_private(tmp_path: Path) -> None:
    made = environment.new_secrets()
    environment.write(tmp_path / "env.sh", made, tmp_path)
    assert environment.read(tmp_path / "env.sh") == made
    assert (tmp_path / "env.sh").stat().st_mode & 0o777 == 0o600
