"""What the platform takes over from the shell that starts it, and what it must not: other projects leave much behind there.

`.airflow/env.sh` runs this as a command and evaluates what it prints: `python -I -m bank_marketing.shell_environment .env NAME…`, with the
names that env.sh itself has set. `bank-marketing` without that shell adapts its own process.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shlex
import socket
import sys
from collections.abc import Collection, Mapping, MutableMapping
from pathlib import Path

from bank_marketing.env_file import MARKER, missing
from bank_marketing.errors import ConfigError

#: They lead Spark, Python, Java, MLflow or Airflow to another installation or project.
FOREIGN = (
    "SPARK_HOME", "PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON", "PYSPARK_SUBMIT_ARGS", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP",
    "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_EXPERIMENT_NAME",
    "MLFLOW_EXPERIMENT_ID", "MLFLOW_RUN_ID", "AIRFLOW_CONFIG",
)  # fmt: skip

#: Settings of Airflow that a shell may give; all others belong into `.env`, for the shell's may be those of another Airflow.
OF_THE_SHELL = frozenset(
    {"AIRFLOW__API__PORT", "AIRFLOW__API__BASE_URL", "AIRFLOW__API__WORKERS", "AIRFLOW__LOGGING__LOGGING_LEVEL"}
)

#: Name what was dropped and what was adapted, for `make doctor`.
DROPPED, ADAPTED = "BANK_DROPPED_VARIABLES", "BANK_ADAPTED_VARIABLES"

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def foreign(environ: Mapping[str, str], own: Collection[str] = ()) -> list[str]:
    """The variables that are dropped: FOREIGN ones, and Airflow's settings that are neither `own` nor a shell's to give."""
    airflow = [name for name in environ if name.startswith("AIRFLOW__") and name not in OF_THE_SHELL and name not in own]
    return sorted([*(name for name in FOREIGN if environ.get(name)), *airflow])


def adaptations(environ: Mapping[str, str]) -> dict[str, str]:
    """Variables to set, so that a proxy, a locale without letters, a host name that nobody knows and a UID without a name do no harm."""
    return _past_the_proxy(environ) | _letters(environ) | _address(environ) | _user(environ)


def _past_the_proxy(environ: Mapping[str, str]) -> dict[str, str]:
    """Airflow's parts speak to each other over this machine's own address, which no proxy reaches."""
    proxies = ("http_proxy", "https_proxy", "all_proxy")
    if not any(environ.get(name) or environ.get(name.upper()) for name in proxies):
        return {}
    stated = [host.strip() for host in (environ.get("no_proxy") or environ.get("NO_PROXY") or "").split(",") if host.strip()]
    hosts = ",".join([*stated, *(host for host in LOOPBACK if host not in stated)])
    return {"NO_PROXY": hosts, "no_proxy": hosts}


def _letters(environ: Mapping[str, str]) -> dict[str, str]:
    """Java reads the names of files by the locale: in that of cron and systemd, `março.csv` is not there."""
    stated = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or "C"
    return {"LC_ALL": "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"} if stated in ("C", "POSIX") else {}


def _address(environ: Mapping[str, str]) -> dict[str, str]:
    """Spark asks for the address of this machine's name before it looks at any option."""
    if environ.get("SPARK_LOCAL_IP"):
        return {}
    try:
        socket.gethostbyname(socket.gethostname())
    except OSError:
        return {"SPARK_LOCAL_IP": "127.0.0.1"}
    return {}


def _user(environ: Mapping[str, str]) -> dict[str, str]:
    """Airflow and MLflow ask who is at the keyboard."""
    if not nameless() or environ.get("USER"):
        return {}
    return dict.fromkeys(("USER", "LOGNAME"), f"user-{os.getuid()}")


def nameless() -> bool:
    """Whether this process's UID has no name here, as in a container with an arbitrary UID."""
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        return True
    return False


def adapt(environ: MutableMapping[str, str] = os.environ) -> None:
    """Adapt this process, where no shell has done so; of what is foreign only another Spark goes, for an image may set the rest."""
    if MARKER in environ:
        return
    environ.update(adaptations(environ))
    installed = importlib.util.find_spec("pyspark")
    home = environ.get("SPARK_HOME")
    if home and installed is not None and installed.origin and Path(home).resolve() != Path(installed.origin).resolve().parent:
        del environ["SPARK_HOME"]


def main(dotenv: Path, own: Collection[str]) -> int:
    """Print what a shell is to evaluate; a sentence and 2 where `.env` cannot be used."""
    before = dict(os.environ)
    dropped = foreign(before, own)
    kept = {name: value for name, value in before.items() if name not in dropped}
    try:
        adapted = adaptations(kept)
        values = adapted | missing(dotenv, kept) | {MARKER: str(dotenv)}
    except ConfigError as error:
        print(error, file=sys.stderr)  # noqa: T201  the Rich console costs more to import than the rest
        return 2
    values |= {DROPPED: " ".join(dropped), ADAPTED: " ".join(adapted)}
    if dropped:
        print(f"unset {' '.join(dropped)}")  # noqa: T201  this is what the command gives
    for name, value in values.items():
        print(f"export {name}={shlex.quote(value)}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
