"""The first contact with MLflow's database: several at once, and a database of another MLflow."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from bank_marketing.errors import ConfigError
from bank_marketing.registry.tracking import connect
from bank_marketing.settings import Settings

CONNECT = (
    "import sys; from bank_marketing.registry.tracking import connect; from bank_marketing.settings import Settings;"
    "connect(Settings(home=sys.argv[1]))"
)


def test_commands_that_are_the_first_to_touch_the_registry_at_once_all_work(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CONNECT, str(tmp_path)]
    running = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for process in running:
        _, problems = process.communicate(timeout=300)
        assert process.returncode == 0, problems


def test_a_database_of_another_mlflow_is_named_with_the_command_that_helps(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    connect(settings)
    database = tmp_path / "artifacts" / "mlflow.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("update alembic_version set version_num = '451aebb31d03'")  # MLflow 1's
        connection.commit()
    command = [sys.executable, "-c", CONNECT, str(tmp_path)]  # a new process: MLflow looks once
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("bank_marketing.errors.ConfigError: MLflow's database at sqlite:///")
    assert last.endswith(f"mlflow db upgrade sqlite:///{database}. No model was changed.")
    assert "does not answer" not in last
    assert not ConfigError.retryable
