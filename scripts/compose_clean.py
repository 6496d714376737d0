"""`make clean-volumes`: remove the compose stack with all its data, after asking. YES=1 does not ask."""

from __future__ import annotations

import os
import subprocess
import sys

from scripts.compose_engine import NAME
from scripts.compose_secrets import read
from scripts.environment import PROJECT


def main() -> int:
    """Say what would be lost, ask, remove; returns the exit code."""
    values = read(PROJECT / ".env") | os.environ
    name = values.get("COMPOSE_PROJECT_NAME") or NAME
    listed = ["docker", "volume", "ls", "--quiet", "--filter", f"label=com.docker.compose.project={name}"]
    found = subprocess.run(listed, capture_output=True, text=True, check=False)
    if found.returncode:
        print(f"the Docker engine does not answer: {found.stderr.strip()}", file=sys.stderr)
        return 1
    if os.environ.get("YES") != "1":
        print("This removes Airflow's and MLflow's databases, all artifacts and models, mails, API keys and logs:")
        print("  " + "\n  ".join(found.stdout.split() or ["(no volumes: nothing is lost)"]))
        try:
            answer = input("Type yes to remove them: ")
        except EOFError:
            answer = ""
        if answer.strip().lower() != "yes":
            print("Nothing was removed.")
            return 1
    down = ["docker", "compose", "--profile", "*", "down", "--volumes", "--remove-orphans"]
    return subprocess.run(down, cwd=PROJECT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
