"""`make doctor`: what this machine has, what it lacks, and how to mend it. Standard library only: it works before the set-up does."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from bank_marketing.landing.source import load_source
from scripts import java, lock
from scripts.environment import PROJECT

LOWEST_PYTHON = (3, 11)

#: The environment, the landed campaign and a few dozen runs.
DISK_GB = 6.0

#: One Spark driver (2 GB heap), the Airflow processes and MLflow.
MEMORY_GB = 6.0

#: Variable -> its port where nothing says otherwise, what listens there, and how to take another.
PORTS = {
    "AIRFLOW__API__PORT": ("8080", "Airflow's UI", "AIRFLOW__API__PORT=8081 make airflow"),
    "BANK_API_PORT": ("8000", "the service", "make serve PORT=8001"),
}

MARKS = {"ok": "✓", "note": "·", "bad": "✗"}


@dataclass(frozen=True)
class Finding:
    """One check: `ok`, `note` (works, but know this) or `bad` (will not work), what was found, and what to do."""

    name: str
    state: str
    found: str
    mend: str = ""


def check_python() -> Finding:
    """Python >= 3.11, with venv."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < LOWEST_PYTHON:
        return Finding(
            "Python", "bad", version, "install Python 3.11 or newer, or name it: make setup PYTHON=/path/to/python3.12"
        )
    return Finding("Python", "ok", f"{version} at {sys.executable}")


def check_java() -> Finding:
    """A Java that Spark runs on."""
    found = java.find_java()
    if found is None:
        return Finding("Java", "note", f"none of {java.LOWEST} or newer", "nothing to do: the set-up brings one into .java")
    return Finding("Java", "ok", f"{found.version} in {found.home}")


def check_disk(project: Path = PROJECT) -> Finding:
    """Room for the environment and the artifacts."""
    free = shutil.disk_usage(project).free / 1e9
    if free < DISK_GB:
        return Finding(
            "disk", "bad", f"{free:.1f} GB free", f"{DISK_GB:g} GB are needed; BANK_ARTIFACT_ROOT may name another disk"
        )
    return Finding("disk", "ok", f"{free:.0f} GB free in {project}")


def check_memory() -> Finding:
    """Enough memory for Spark beside Airflow."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (ValueError, OSError):
        return Finding("memory", "note", "this system does not tell")
    if total < MEMORY_GB:
        return Finding("memory", "note", f"{total:.1f} GB", "give Spark less: BANK_SPARK_DRIVER_MEMORY=1g")
    return Finding("memory", "ok", f"{total:.0f} GB, {os.cpu_count()} processors")


def check_ports() -> Iterator[Finding]:
    """The ports of the commands that listen, as `.env` and the shell set them."""
    for name, (default, what, otherwise) in PORTS.items():
        port = os.environ.get(name) or default
        if not port.isdecimal() or not 0 < int(port) < 65536:
            yield Finding(f"port {port}", "bad", f"{name}={port} is no port", "name a number from 1 to 65535")
            continue
        with socket.socket() as probe:
            probe.settimeout(1)
            taken = probe.connect_ex(("127.0.0.1", int(port))) == 0
        if taken:
            yield Finding(f"port {port}", "note", "taken", f"end what listens there (it may be this platform), or: {otherwise}")
        else:
            yield Finding(f"port {port}", "ok", f"free for {what}")


def check_archive(project: Path = PROJECT) -> Finding:
    """Where the real data of the campaign would come from."""
    source = load_source(PROJECT / "include" / "campaigns" / os.environ.get("BANK_CAMPAIGN", "bank_marketing"))
    if source is None:
        return Finding("archive", "ok", "the campaign needs none: its daily files are landed by a feed")
    archive, named = source.archive, os.environ.get("BANK_ARCHIVE")
    if named:
        path = archive.local(Path(named))
        if not path.is_file():
            return Finding("archive", "bad", f"BANK_ARCHIVE={named}: {path} is no file", "name the file, or unset it")
        if hashlib.sha256(path.read_bytes()).hexdigest() != archive.sha256 and path.name == archive.name:
            return Finding("archive", "bad", f"{path} is another file than the published one", "download it again")
        return Finding("archive", "ok", f"BANK_ARCHIVE {path}")
    if (project / ".cache" / archive.name).is_file():
        return Finding("archive", "ok", "in .cache")
    host = urlsplit(archive.urls[0]).hostname or ""
    try:
        with socket.create_connection((host, 443), timeout=5):
            return Finding("archive", "ok", f"{host} answers: it is downloaded when needed")
    except OSError:
        remedy = (
            f"without it the labelled SYNTHETIC campaign takes its place; BANK_ARCHIVE=/path/to/{archive.name} names a copy"
        )
        return Finding("archive", "note", f"{host} does not answer", remedy)


def check_environment(project: Path = PROJECT) -> Finding:
    """Whether the set-up was done, and from this lock."""
    stamp = project / ".venv" / ".setup" / "packages"
    if not stamp.is_file():
        return Finding("environment", "note", "not made yet", "make run and make test make it by themselves")
    if not (project / "requirements.lock").is_file() or not lock.entries((project / "requirements.lock").read_text("utf-8")):
        return Finding("environment", "bad", "requirements.lock is missing or empty", "git checkout requirements.lock")
    return Finding("environment", "ok", f"{project / '.venv'}")


#: Variable that was adapted -> what was found here, and what is done about it.
ADAPTED = {
    "NO_PROXY": "a proxy is set: this machine's own addresses are reached past it",
    "LC_ALL": "the locale knows no letters but ASCII's: C.UTF-8 is used, for the names of files",
    "SPARK_LOCAL_IP": f"the host name {socket.gethostname()} does not resolve: Spark uses 127.0.0.1",
    "USER": f"the user {os.getuid()} has no name here: it is called user-{os.getuid()}",
}


def check_shell() -> Iterator[Finding]:
    """What the shell brings along, and what `.airflow/env.sh` has made of it."""
    if dropped := os.environ.get("BANK_DROPPED_VARIABLES"):
        yield Finding(
            "shell", "note", f"not taken over: {', '.join(dropped.split())}", "what this platform is to take belongs into .env"
        )
    for name in os.environ.get("BANK_ADAPTED_VARIABLES", "").split():
        if name in ADAPTED:
            yield Finding("shell", "note", ADAPTED[name])
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        if "NSS_WRAPPER_PASSWD" not in os.environ:
            yield Finding(
                "user", "bad", f"{os.getuid()} has no name: Spark's Java does not start", "add a line to /etc/passwd for it"
            )
    if os.statvfs("/tmp").f_flag & os.ST_NOEXEC:  # noqa: S108  Java's own default
        yield Finding("/tmp", "note", "programs may not be run from it: Spark uses .cache/tmp")  # noqa: S108  its name
    if "AIRFLOW_HOME" in os.environ and "BANK_ENV_FILE" not in os.environ:  # .airflow/env.sh sets one before it reads the other
        yield Finding(
            ".env", "bad", "it cannot be read, as the first line above says", "correct that line; .env.example shows how"
        )


def check_landing(project: Path = PROJECT) -> Finding:
    """Folders that look like a day and are none would be left alone for ever."""
    root = Path(os.environ.get("BANK_LANDING_ROOT") or project / "landing")
    wrong = [str(path) for path in sorted(root.glob("*/dt=*")) if not _is_day(path.name.removeprefix("dt="))]
    if wrong:
        return Finding(
            "landing", "bad", f"no day of any calendar: {', '.join(wrong[:5])}", "give the folder the day of its contacts"
        )
    return Finding("landing", "ok", str(root) if root.is_dir() else "nothing has landed yet: make run lands the campaign")


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def check_registry(project: Path = PROJECT) -> Finding:
    """Whether MLflow's database or server can be used."""
    command = project / ".venv" / "bin" / "bank-marketing"
    if not command.exists() or "AIRFLOW_HOME" not in os.environ:  # of .airflow/env.sh
        return Finding("registry", "note", "not asked before the set-up")
    done = subprocess.run([command, "models"], cwd=project, capture_output=True, text=True, check=False)
    if done.returncode:
        return Finding("registry", "bad", " ".join(done.stderr.split()) or "no answer", "docs/runbooks.md#registryunavailable")
    return Finding("registry", "ok", os.environ.get("BANK_MLFLOW_TRACKING_URI", "artifacts/mlflow.db").rpartition("@")[2])


def check_mails(project: Path = PROJECT) -> Finding:
    """Whether alerts arrive: a test mail goes the way that they go."""
    python = project / ".venv" / "bin" / "python"
    if not python.exists() or "AIRFLOW_HOME" not in os.environ:  # of .airflow/env.sh
        return Finding("mails", "note", "not tried before the set-up")
    done = subprocess.run([python, "-m", "scripts.mail_test"], cwd=project, capture_output=True, text=True, check=False)
    told = "; ".join(done.stdout.split("\n")).strip("; ") or done.stderr.strip()[-300:]
    if done.returncode == 1 or "not delivered" in told:
        return Finding("mails", "bad", told, "docs/runbooks.md#mail-undelivered; try again with: make mail-test")
    return Finding("mails", "ok" if done.returncode == 0 else "note", told)


def check_writable(project: Path = PROJECT) -> Finding:
    """The folders that runs write to."""
    closed = [
        str(path) for path in (project, project / "artifacts", project / "landing") if path.exists() and not _writable(path)
    ]
    if closed:
        return Finding("write access", "bad", f"none to {', '.join(closed)}", f"chown them to {os.environ.get('USER', 'you')}")
    return Finding("write access", "ok", str(project))


def _writable(path: Path) -> bool:
    return os.access(path, os.W_OK | os.X_OK)


def examine() -> list[Finding]:
    """All checks."""
    checks = [check_python(), check_java(), check_disk(), check_memory(), *check_ports(), check_archive(), check_environment()]
    return [*checks, check_writable(), *check_shell(), check_landing(), check_registry(), check_mails()]


def main() -> int:
    """Print the findings; 1 when something will not work."""
    findings = examine()
    for finding in findings:
        print(f"  {MARKS[finding.state]} {finding.name:<13} {finding.found}")
        if finding.mend:
            print(f"    {'':<13} {finding.mend}")
    bad = sum(finding.state == "bad" for finding in findings)
    print(f"\n{bad} thing(s) to mend first." if bad else "\nThis machine can run the platform: make run")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
