"""The environment of the embedded default: made here, kept in `.airflow/env.sh`, used by the Makefile and by the tests.

Standard library only: the set-up uses it before anything is installed.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shlex
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]

#: Made once a machine and kept; they never leave the files with mode 600.
SECRET_NAMES = ("AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__API__SECRET_KEY")

PASSWORDS = "simple_auth_manager_passwords.json"

#: What the shell says and must not, what it lacks, and what people put into .env; what is exported wins over that. A file that cannot be
#: used ends the command.
_SHELL = """\
_bank_env=$({python} -I -m bank_marketing.shell_environment {dotenv} {own}) || return 2
eval "$_bank_env"
unset _bank_env
"""


def airflow_environment(home: Path, project: Path = PROJECT) -> dict[str, str]:
    """Variables for an Airflow that lives in `home` and runs the project's DAGs; no secrets, no paths outside the two."""
    # SQLite has one writer at a time: who comes second waits, a minute where Python's default is five seconds, and gets no error.
    database = f"sqlite:///{home / 'airflow.db'}?timeout=60"
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(project / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(project / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",  # name:role; the password is in the next file
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / PASSWORDS),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
        # Without this, standalone adds some fifty example connections, among them a mail server that does not exist.
        "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__API__HOST": "127.0.0.1",
        # The maintenance DAG's way to this database, which Airflow shuts off from all other tasks.
        "AIRFLOW_CONN_AIRFLOW_METADATA": json.dumps({"conn_type": "generic", "extra": {"sql_alchemy_conn": database}}),
        # Nothing of a bank's platform calls home.
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "GX_ANALYTICS_ENABLED": "False",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MPLBACKEND": "Agg",
        # Airflow would begin each task's log with what a library of its own will change one day.
        "PYTHONWARNINGS": "ignore::DeprecationWarning",
        # Empty, so off, whatever the machine says: a run's many processes would each compile what they import, a fifth of their time.
        "PYTHONDONTWRITEBYTECODE": "",
    }


def new_secrets() -> dict[str, str]:
    """Fresh keys, one a name of SECRET_NAMES; a Fernet key is 32 random bytes in URL-safe base64, the others sign with SHA-512."""
    sizes = {name: 32 if "FERNET" in name else 64 for name in SECRET_NAMES}
    return {name: base64.urlsafe_b64encode(secrets.token_bytes(size)).decode() for name, size in sizes.items()}


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.touch(mode=0o600, exist_ok=False)
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def write(path: Path, values: Mapping[str, str], project: Path = PROJECT) -> None:
    """Write the environment as a shell file to source; the virtual environment's `bin` comes first on PATH.

    spark-submit finds pyspark through the first `python3` on PATH.
    """
    lines = [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
    java_bin = f":{shlex.quote(values['JAVA_HOME'])}/bin" if "JAVA_HOME" in values else ""
    lines += [f'export PATH={shlex.quote(str(project / ".venv" / "bin"))}{java_bin}:"$PATH"']
    text = "# Written by the set-up; source it to work with airflow, spark-submit and bank-marketing by hand.\n"
    python, dotenv = (shlex.quote(str(project / place)) for place in (".venv/bin/python", ".env"))
    text += "\n".join(lines) + "\n" + _SHELL.format(python=python, dotenv=dotenv, own=" ".join(values))
    write_private(path, text)


def read(path: Path) -> dict[str, str]:
    """The variables of such a file, without PATH; empty when there is none."""
    if not path.is_file():
        return {}
    lines = (
        shlex.split(line, comments=True) for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("export ")
    )
    pairs = (words[1].partition("=") for words in lines if len(words) == 2)
    return {name: value for name, _, value in pairs if name != "PATH"}


def process_environment(
    values: Mapping[str, str], project: Path = PROJECT, base: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The whole environment of a subprocess: what is set now, overlaid with `values`, the virtual environment first on PATH."""
    environment = dict(os.environ if base is None else base) | dict(values)
    first = [str(project / ".venv" / "bin")]
    if "JAVA_HOME" in values:
        first.append(str(Path(values["JAVA_HOME"]) / "bin"))
    environment["PATH"] = os.pathsep.join([*first, environment.get("PATH", "")])
    return environment


def passwords(home: Path) -> dict[str, str]:
    """The people of the embedded Airflow and their passwords, made on first use and kept with mode 600."""
    path = home / PASSWORDS
    if not path.is_file():
        write_private(path, json.dumps({"admin": secrets.token_urlsafe(12)}))
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found
