"""`make up`: the whole platform in containers, from a clone to URLs, without a question. Standard library only.

Writes what `.env` lacks (the user's UID and secrets, mode 600), warns when memory or disk are short or a port is taken, builds, waits
until everything is healthy, and says where to look. With PLATFORM_TAG it builds nothing and runs the images of that tag; with DEVELOP=1
Airflow's containers run this checkout's files as they are (deploy/docker/develop.yaml).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.compose_addresses import NEXT, addresses
from scripts.compose_engine import UpError, check_docker, cores, docker, project_name, tags, warnings
from scripts.compose_secrets import MAKERS, SecretsError, read, settle
from scripts.environment import PROJECT, write_private

#: The slowest start that is still taken for one: a laptop that pulls images and lands the campaign for the first time.
WAIT_SECONDS = 900

#: The images that this checkout builds.
IMAGES = ("secrets", "airflow", "spark", "mlflow", "api")


def complete_env(path: Path, kept: Mapping[str, str], uid: int, project: str = "") -> dict[str, str]:
    """Add to `.env` what it lacks, leaving its lines alone; returns all its values.

    Args:
        path: the file.
        kept: secrets of an earlier start, from its volume, and the UID that the volumes belong to.
        uid: of the user; root's is not taken over.
        project: a name of its own that this checkout needs beside another one.
    """
    present = read(path)
    made = {name: value for name, value in settle(kept, present).items() if name in MAKERS}
    wanted = {"PLATFORM_UID": kept.get("PLATFORM_UID") or str(uid or 50000)} | made
    wanted |= {"COMPOSE_PROJECT_NAME": project} if project else {}
    missing = {name: value for name, value in wanted.items() if not present.get(name)}
    if missing:
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        lines = [line for line in text.splitlines() if line.partition("=")[0].strip() not in missing]
        lines += ["", "# Of docker compose, made by `make up`. Keep them: the data in the volumes were made with them."]
        write_private(path, "\n".join([*lines, *(f"{name}={value}" for name, value in missing.items())]).lstrip("\n") + "\n")
    elif path.stat().st_mode & 0o077:
        path.chmod(0o600)
    return present | missing


def kept_secrets(project: str) -> dict[str, str]:
    """Secrets and UID of an earlier start, for when `.env` was lost or never there; empty when there was none."""
    volume = f"{project}_secrets"
    volumes = docker("volume", "ls", "--quiet", "--filter", f"name=^{volume}$").split()
    images = [
        each for image in ("secrets", "airflow") for each in docker("image", "ls", "--quiet", f"{project}/{image}").split()
    ]
    if not volumes or not images:
        return {}
    look = "cat /run/bank/all/secrets.env && stat -c PLATFORM_UID=%u /run/bank/all/secrets.env"
    mount = f"--volume={volume}:/run/bank/all:ro"
    # As root: the files are for the stack's own user, whom nobody knows yet.
    shown = docker("run", "--rm", "--network=none", "--user=0", mount, "--entrypoint=sh", images[0], "-c", look)
    found = {name: value for name, _, value in (line.partition("=") for line in shown.splitlines())}
    return {name: value for name, value in found.items() if name in MAKERS or name == "PLATFORM_UID"}


def hand_over(path: Path, env: Mapping[str, str]) -> None:
    """Give the secrets of `.env` to the stack, on standard input: no container's environment ever holds one."""
    words = ["docker", "compose", "run", "--rm", "--no-TTY", "secrets", "write", "-"]
    done = subprocess.run(
        words,
        cwd=PROJECT,
        env=dict(env),
        input=path.read_text(encoding="utf-8-sig"),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = [line.removeprefix("secrets: ") for line in done.stderr.splitlines() if line.startswith("secrets: ")]
        raise UpError(said[-1] if said else f"the secrets could not be written: {done.stderr.strip()[-1000:]}")


def prepare_images(project: str, env: Mapping[str, str]) -> None:
    """Build them, and keep each by its commit as well; or, with PLATFORM_TAG, see that they are there. Raises UpError."""
    if tag := env.get("PLATFORM_TAG"):
        found = tags(f"{project}/api")
        if tag not in found:
            raise UpError(f"PLATFORM_TAG={tag}: no images of that tag are here; there are {', '.join(found) or 'none'}")
        return
    if compose(["build"], env):
        raise UpError("the images could not be built; the reason stands above")
    if kept := own_tag(env):
        for image in IMAGES:
            docker("tag", f"{project}/{image}:dev", f"{project}/{image}:{kept}")


def archive_given(named: str) -> Path | None:
    """The archive that BANK_ARCHIVE names, or the folder of several; None when nothing is named. Raises UpError where it is not there."""
    if not named:
        return None
    path = Path(named)
    if not path.is_file() and not any(path.glob("*.zip")):
        raise UpError(
            f"BANK_ARCHIVE={named} is no file, and no folder with one: correct it, or unset it to take the archive from UCI"
        )
    return path


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


def own_tag(env: Mapping[str, str]) -> str:
    """The tag under which the images of a commit stay: its first digits; none for a checkout with changes, which is no commit."""
    commit = env["PLATFORM_COMMIT"]
    return "" if "+" in commit or env.get("PLATFORM_TAG") else commit[:12]


def start(project: str, path: Path, env: Mapping[str, str]) -> None:
    """Images, secrets, containers, in this order. Raises UpError."""
    prepare_images(project, env)
    hand_over(path, env)
    # The last step only says where everything is, which is said below.
    if compose(["up", "--detach", "--wait", "--wait-timeout", str(WAIT_SECONDS), "--scale", "addresses=0"], env):
        explain_failure(env)
        raise UpError("not everything came up; the reasons stand above. Mend it and run make up again: what is done stays done")


def tell(values: Mapping[str, str], path: Path, env: Mapping[str, str]) -> None:
    """Where everything is."""
    print("\nEverything is up:", *addresses(values), sep="\n")
    passwords = "PLATFORM_ADMIN_PASSWORD (Airflow), PLATFORM_API_KEY (API and pages), PLATFORM_MLFLOW_PASSWORD (MLflow), PLATFORM_S3_… (S3)"
    print(f"\nPasswords are in {path.name}: {passwords}.")
    print(NEXT)
    print("make down stops it and keeps the data; make clean-volumes removes the data.")
    if tag := own_tag(env):
        print(f"Back to these images later, without a build: PLATFORM_TAG={tag} make up")


def main() -> int:
    """All of it; returns the exit code."""
    started = time.perf_counter()
    path = Path(os.environ.get("COMPOSE_ENV_FILES") or PROJECT / ".env")  # Compose's own variable
    try:
        info = check_docker()
        project, own = project_name(read(path) | os.environ)
        values = complete_env(path, kept_secrets(project), os.getuid(), project if own else "")
        archive = archive_given(os.environ.get("BANK_ARCHIVE") or values.get("BANK_ARCHIVE", ""))
        for warning in warnings(info, values | dict(os.environ)):
            print(f"WARNING: {warning}", file=sys.stderr, flush=True)
        tag = os.environ.get("PLATFORM_TAG") or values.get("PLATFORM_TAG", "")
        env = {"PLATFORM_CPUS": values.get("PLATFORM_CPUS") or cores(info)} | os.environ
        env |= {"PLATFORM_COMMIT": commit(), "PLATFORM_TAG": tag, "COMPOSE_PROJECT_NAME": project}
        if env.get("DEVELOP") == "1":
            env["COMPOSE_FILE"] = os.pathsep.join(
                [env.get("COMPOSE_FILE", "docker-compose.yaml"), "deploy/docker/develop.yaml"]
            )
        if archive:
            env["BANK_ARCHIVE"] = str(archive.resolve())
        start(project, path, env)
    except (UpError, SecretsError) as error:
        print(f"\nmake up: {error}", file=sys.stderr)
        return 1
    tell(values | os.environ, path, env)
    print(f"({time.perf_counter() - started:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
