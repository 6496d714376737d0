"""An Airflow of the tests' own: its home is a temporary folder, never the embedded default's.

Importing this module points the process at that home, so a conftest imports it before anything imports Airflow.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from scripts.airflow_settings import load
from scripts.environment import PROJECT, airflow_environment, new_secrets, process_environment

HOME = Path(tempfile.mkdtemp(prefix="airflow-tests-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)

#: Settings of the embedded Airflow, with keys of their own and without the port, mail server and recipients of this machine.
VARIABLES = airflow_environment(HOME) | new_secrets() | {"AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING"}

os.environ.update(VARIABLES)
for name in ("AIRFLOW_CONN_SMTP_DEFAULT", "BANK_MAIL_TO"):
    os.environ.pop(name, None)


def environment(home: Path, bank_home: Path, **more: str) -> dict[str, str]:
    """Environment of an Airflow process that lives in `home` and works on the platform in `bank_home`."""
    values = VARIABLES | airflow_environment(home) | {
        "BANK_HOME": str(bank_home),
        "BANK_LANDING_SETTLE_SECONDS": "0",
        "PYTHONPATH": str(PROJECT),
    }  # fmt: skip
    return process_environment(values | more)


@cache
def migrated_home() -> Path:
    """A home whose database is migrated and holds the connections and pools of airflow_settings.yaml. Copy it, or read only."""
    home = HOME / "migrated"
    told = environment(home, home)
    run("db", "migrate", told=told)
    settings = home / "settings"
    subprocess.run(
        [sys.executable, "-m", "scripts.airflow_settings", "--into", str(settings), "--import"],
        env=told, cwd=PROJECT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return home


def new_home(folder: Path) -> Path:
    """A fresh copy of the migrated home in `folder`."""
    home = folder / "airflow"
    shutil.copytree(migrated_home(), home)
    return home


def run(*arguments: str, told: dict[str, str], check: bool = True, timeout: int = 800) -> subprocess.CompletedProcess[str]:
    """Run Airflow's command line; raises AssertionError with the end of its output when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "airflow", *arguments], env=told, cwd=PROJECT,
        capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
    assert not check or done.returncode == 0, f"airflow {' '.join(arguments)}:\n{(done.stdout + done.stderr)[-5000:]}"
    return done


def pools() -> dict[str, dict[str, object]]:
    """The pools that airflow_settings.yaml declares, by name."""
    return load()["pools"]
