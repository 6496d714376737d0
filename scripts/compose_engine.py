"""What `make up` asks the Docker engine before it starts anything. Standard library only."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from scripts.compose_addresses import ports
from scripts.environment import PROJECT

#: All containers at work take about 6 GB; images and volumes about 8.
MEMORY_GB, DISK_GB = 7.5, 12.0

#: The stack's name where nobody says another one (docker-compose.yaml).
NAME = "bank-marketing"


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
        for name, (default, what, _) in ports(environment).items():
            port = int(environment.get(name) or default)
            if _taken(port):
                yield f"port {port} of {what} is taken: end what listens there, or take another with {name}=… in .env"


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def cores(info: Mapping[str, object]) -> str:
    """How many cores a large container may take: two, or what the engine has. It refuses a limit beyond that."""
    return str(min(2, int(str(info.get("NCPU") or 2))))


def tags(image: str) -> list[str]:
    """The tags of an image that are here."""
    return sorted({tag for tag in docker("image", "ls", "--format", "{{.Tag}}", image).split() if tag != "<none>"})


def project_name(values: Mapping[str, str], checkout: Path = PROJECT) -> tuple[str, bool]:
    """The stack's name, and whether this checkout had to find one of its own beside another checkout's.

    Raises:
        UpError: the name that was asked for is another checkout's.
    """
    asked = values.get("COMPOSE_PROJECT_NAME", "")
    name = asked or NAME
    held = _checkouts(name) - {str(checkout)}
    if not held:
        return name, False
    if asked:
        raise UpError(
            f"the stack {name} is run from {held.pop()}: take another name for this one, COMPOSE_PROJECT_NAME=… in .env"
        )
    return f"{NAME}-{hashlib.sha256(str(checkout).encode()).hexdigest()[:6]}", True


def _checkouts(name: str) -> set[str]:
    """The folders that containers of this stack were started from."""
    label = '{{.Label "com.docker.compose.project.working_dir"}}'
    shown = docker("ps", "--all", "--filter", f"label=com.docker.compose.project={name}", "--format", label)
    return set(shown.split("\n")) - {""}
