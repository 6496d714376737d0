"""`make up`: the whole platform in containers, from a clone to URLs, without a question. Standard library only.

Writes what `.env` lacks (the user's UID and secrets, mode 600), warns when memory or disk are short or a port is taken, builds, waits
until everything is healthy, and says where to look.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from scripts.compose_secrets import MAKERS, SecretsError, read, settle
from scripts.environment import PROJECT, write_private

#: All containers at work take about 6 GB; images and volumes about 8.
MEMORY_GB, DISK_GB = 7.5, 12.0

#: The slowest start that is still taken for one: a laptop that pulls images and lands the campaign for the first time.
WAIT_SECONDS = 900

#: Name in `.env` -> (default, what listens there, how its address is told).
PORTS = {
    "PLATFORM_AIRFLOW_PORT": (8080, "Airflow", "user admin"),
    "PLATFORM_API_PORT": (8000, "API and pages", "log in with the API key"),
    "PLATFORM_MLFLOW_PORT": (5000, "MLflow", ""),
    "PLATFORM_SPARK_PORT": (8081, "Spark", ""),
    "PLATFORM_MAIL_PORT": (1080, "mailbox", ""),
    "PLATFORM_S3_PORT": (8333, "S3", "for aws --endpoint-url"),
}

#: The secrets' volume of the stack, or of the one that COMPOSE_PROJECT_NAME names.
VOLUME = "{}_secrets"


class UpError(Exception):
    """The stack cannot be started; the message says what to do."""


def docker(*words: str, env: Mapping[str, str] | None = None) -> str:
    """What a docker command prints. Raises UpError with its own words when it fails."""
    done = subprocess.run(["docker", *words], cwd=PROJECT, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UpError(f"docker {' '.join(words[:3])}: {done.stderr.strip()[-2000:]}")
    return done.stdout


def check_docker() -> dict[str, object]:
    """What the engine says of itself. Raises UpError when there is none, or no Compose."""
    if shutil.which("docker") is None:
        raise UpError(
            "there is no docker here: install Docker Engine (https://docs.docker.com/engine/install/), or use: make airflow"
        )
    try:
        info: dict[str, object] = json.loads(docker("info", "--format", "{{json .}}"))
    except (UpError, ValueError) as error:
        raise UpError(f"the Docker engine does not answer: start it, or join its group ({error})") from error
    if not info.get("ServerVersion"):
        raise UpError("the Docker engine does not answer: start it, or join its group (sudo usermod -aG docker $USER)")
    docker("compose", "version")
    return info


def warnings(info: Mapping[str, object], environment: Mapping[str, str]) -> Iterator[str]:
    """What may go wrong on this machine, in words."""
    memory = float(str(info.get("MemTotal") or 0)) / 1e9
    if 0 < memory < MEMORY_GB:
        yield (
            f"Docker has {memory:.1f} GB of memory; all of it together wants {MEMORY_GB:g}. Give Docker more, or start parts: "
            "docker compose up api"
        )
    root = Path(str(info.get("DockerRootDir") or "/"))
    if root.exists():  # else the engine is in a machine of its own, whose disk cannot be seen from here
        free = shutil.disk_usage(root).free / 1e9
        if free < DISK_GB:
            yield f"{free:.1f} GB are free in {root}; images and volumes want {DISK_GB:g}. Make room: docker system prune"
    if not docker("compose", "ps", "--quiet"):
        for name, (default, what, _) in PORTS.items():
            port = int(environment.get(name) or default)
            if _taken(port):
                yield f"port {port} of {what} is taken: end what listens there, or take another with {name}=… in .env"


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def complete_env(path: Path, kept: Mapping[str, str], uid: int) -> dict[str, str]:
    """Add to `.env` what it lacks, leaving its lines alone; returns all its values.

    Args:
        path: the file.
        kept: secrets of an earlier start, from its volume, and the UID that the volumes belong to.
        uid: of the user; root's is not taken over.
    """
    present = read(path)
    wanted = {"PLATFORM_UID": kept.get("PLATFORM_UID") or str(uid or 50000)} | settle(kept, present)
    missing = {name: value for name, value in wanted.items() if not present.get(name)}
    if missing:
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        lines = [line for line in text.splitlines() if line.partition("=")[0].strip() not in missing]
        lines += ["", "# Of docker compose, made by `make up`. Keep them: the data in the volumes were made with them."]
        write_private(path, "\n".join([*lines, *(f"{name}={value}" for name, value in missing.items())]).lstrip("\n") + "\n")
    elif path.stat().st_mode & 0o077:
        path.chmod(0o600)
    return present | missing


def kept_secrets() -> dict[str, str]:
    """Secrets and UID of an earlier start, for when `.env` was lost or never there; empty when there was none."""
    volume = VOLUME.format(os.environ.get("COMPOSE_PROJECT_NAME", "bank-marketing"))
    volumes = docker("volume", "ls", "--quiet", "--filter", f"name=^{volume}$").split()
    images = docker("image", "ls", "--quiet", "bank-marketing/airflow").split()
    if not volumes or not images:
        return {}
    look = "cat /run/bank/all/secrets.env && stat -c PLATFORM_UID=%u /run/bank/all/secrets.env"
    mount = f"--volume={volume}:/run/bank/all:ro"
    shown = docker("run", "--rm", "--network=none", mount, "--entrypoint=sh", images[0], "-c", look)
    found = {name: value for name, _, value in (line.partition("=") for line in shown.splitlines())}
    return {name: value for name, value in found.items() if name in MAKERS or name == "PLATFORM_UID"}


def commit() -> str:
    """The commit of the checkout, with `+changes` when it is not clean; empty where there is no git."""
    try:
        head = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=PROJECT, capture_output=True, text=True, check=True
        ).stdout.strip()
        changes = ["git", "status", "--porcelain", "--untracked-files=no"]
        changed = subprocess.run(changes, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head + ("+changes" if changed else "")


def compose(words: Sequence[str], env: Mapping[str, str]) -> int:
    """Run a docker compose command in the open; returns its exit code."""
    return subprocess.run(["docker", "compose", *words], cwd=PROJECT, env=dict(env), check=False).returncode


def explain_failure(env: Mapping[str, str]) -> None:
    """Which containers are not well, and the last lines of each."""
    shown = docker("compose", "ps", "--all", "--format", "json", env=env)
    for line in shown.splitlines():
        state = json.loads(line)
        restarts, health = docker("inspect", "--format", "{{.RestartCount}} {{json .State.Health}}", state["ID"]).split(" ", 1)
        ended_badly = state["State"] == "exited" and state.get("ExitCode")
        # A container that ends again and again is never called unhealthy: it is starting, for ever.
        if ended_badly or state.get("Health") == "unhealthy" or int(restarts):
            print(f"\n--- {state['Service']}: {state['Status']}, restarted {restarts} times", file=sys.stderr, flush=True)
            compose(["logs", "--no-log-prefix", "--tail", "25", state["Service"]], env)
            last = ((json.loads(health) or {}).get("Log") or [{}])[-1]
            print(last.get("Output", "").strip()[-500:], file=sys.stderr)


def tell(values: Mapping[str, str], path: Path) -> None:
    """Where everything is."""
    print("\nEverything is up:")
    for name, (default, what, remark) in PORTS.items():
        print(f"  {what:<15} http://localhost:{values.get(name) or default:<6} {remark}".rstrip())
    print(
        f"\nPasswords are in {path.name}: PLATFORM_ADMIN_PASSWORD (Airflow), PLATFORM_API_KEY (API and pages), PLATFORM_S3_… (S3)."
    )
    print("Next: trigger the DAG bank_marketing_training in Airflow, with the day 2010-06-30.")
    print("make down stops it and keeps the data; make clean-volumes removes the data.")


def main() -> int:
    """All of it; returns the exit code."""
    started = time.perf_counter()
    path = Path(os.environ.get("COMPOSE_ENV_FILES") or PROJECT / ".env")  # Compose's own variable
    try:
        info = check_docker()
        values = complete_env(path, kept_secrets(), os.getuid())
        archive = os.environ.get("BANK_ARCHIVE") or values.get("BANK_ARCHIVE", "")
        if archive and not Path(archive).is_file():
            raise UpError(f"BANK_ARCHIVE={archive} is no file: correct the path, or unset it to take the archive from UCI")
        for warning in warnings(info, values | dict(os.environ)):
            print(f"WARNING: {warning}", file=sys.stderr, flush=True)
        env = dict(os.environ) | {"PLATFORM_COMMIT": commit()}
        if archive:
            env["BANK_ARCHIVE"] = str(Path(archive).resolve())
        if compose(["build"], env):
            raise UpError("the images could not be built; the reason stands above")
        if compose(["up", "--detach", "--wait", "--wait-timeout", str(WAIT_SECONDS)], env):
            explain_failure(env)
            raise UpError(
                "not everything came up; the reasons stand above. Mend it and run make up again: what is done stays done"
            )
    except (UpError, SecretsError) as error:
        print(f"\nmake up: {error}", file=sys.stderr)
        return 1
    tell(values, path)
    print(f"({time.perf_counter() - started:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
