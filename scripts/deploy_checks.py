"""What `make lint` checks of the containers: the Dockerfile, the compose file against its schema, and as Docker Compose reads it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from scripts.environment import PROJECT

BIN = Path(sys.executable).parent


def checks(project: Path) -> list[list[str]]:
    """The commands; that of Docker Compose only where it is installed."""
    dockerfile, compose = str(project / "Dockerfile"), str(project / "docker-compose.yaml")
    commands = [
        [str(BIN / "hadolint"), "--config", str(project / ".hadolint.yaml"), dockerfile],
        [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", compose],
    ]
    if (
        shutil.which("docker")
        and not subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode
    ):
        commands.append(["docker", "compose", "--file", compose, "--profile", "*", "config", "--quiet"])
    return commands


def main(project: Path = PROJECT) -> int:
    """Run them all; 1 when one of them complains."""
    failed = 0
    for command in checks(project):
        done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
        if done.returncode:
            failed += 1
            print(f"{Path(command[0]).name}: {done.stdout}{done.stderr}", file=sys.stderr)
    print(f"containers: {len(checks(project))} checks, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
