"""The secrets of the compose stack: made once, kept in a volume, and given to each container only as far as it needs them.

The service `secrets` runs `python -m scripts.compose_secrets write` before everything else, so `docker compose up` needs no `.env`.
What `.env` does say (PLATFORM_…, written by `make up`) is taken instead of making it up; it comes in by `write -`, which reads it from
standard input: an environment would stand in `docker inspect` for as long as the container is there. `… show` prints what people need to
log in, `… env` prints everything as lines of a `.env`. Standard library only.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from scripts.compose_audiences import FOLDER, audiences, lines

#: Spark's settings in the image; the stack's own copy has the cluster's secret added.
SPARK_DEFAULTS = Path(__file__).resolve().parents[1] / "deploy" / "docker" / "spark" / "spark-defaults.conf"


def _token() -> str:
    return secrets.token_urlsafe(24)


def _key(size: int = 32) -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(size)).decode()


#: Name in `.env` -> how it is made. A Fernet key is 32 random bytes in URL-safe base64.
MAKERS: dict[str, Callable[[], str]] = {
    "PLATFORM_ADMIN_PASSWORD": lambda: secrets.token_urlsafe(12),
    "PLATFORM_API_KEY": lambda: f"bmk_{secrets.token_urlsafe(32)}",
    "PLATFORM_POSTGRES_PASSWORD": _token,
    "PLATFORM_AIRFLOW_DB_PASSWORD": _token,
    "PLATFORM_MLFLOW_DB_PASSWORD": _token,
    "PLATFORM_FERNET_KEY": _key,
    "PLATFORM_JWT_SECRET": lambda: _key(64),  # no shorter than the digest of its signatures, SHA-512
    "PLATFORM_AIRFLOW_SECRET_KEY": _key,
    "PLATFORM_SESSION_SECRET": _key,
    "PLATFORM_SPARK_SECRET": _token,
    "PLATFORM_REDIS_PASSWORD": _token,
    "PLATFORM_S3_ACCESS_KEY": lambda: f"bank{secrets.token_hex(8)}",
    "PLATFORM_S3_SECRET_KEY": _token,
    "PLATFORM_MLFLOW_S3_ACCESS_KEY": lambda: f"mlflow{secrets.token_hex(7)}",
    "PLATFORM_MLFLOW_S3_SECRET_KEY": _token,
    "PLATFORM_MLFLOW_PASSWORD": lambda: secrets.token_urlsafe(12),
    "PLATFORM_MLFLOW_SECRET_KEY": _key,
}

#: What may hold a password and is nobody's to make up -> what it is when `.env` says nothing: the stack's own mailbox.
OPTIONAL = {
    "AIRFLOW_CONN_SMTP_DEFAULT": "smtp://mail:1025/?disable_ssl=true&disable_tls=true&from_email=airflow%40bank.example",
}

#: What the data in the volumes were made with: another value in `.env` would lock everybody out.
BOUND_TO_DATA = (
    "PLATFORM_POSTGRES_PASSWORD",
    "PLATFORM_AIRFLOW_DB_PASSWORD",
    "PLATFORM_MLFLOW_DB_PASSWORD",
    "PLATFORM_FERNET_KEY",
    "PLATFORM_ADMIN_PASSWORD",
    "PLATFORM_MLFLOW_PASSWORD",
)

#: Of files: for their owner and group 0, which our containers share whatever their UID is. Nobody else reads, and nobody writes.
MODE = 0o440

#: How what stands in `.env` reaches the volume without `make up`.
HAND_OVER = "docker compose run --rm --no-TTY secrets write - < .env"


class SecretsError(Exception):
    """The secrets contradict each other; the message says what to do."""


def settle(kept: Mapping[str, str], given: Mapping[str, str] | None) -> dict[str, str]:
    """The secrets to use: what `.env` gives, else what the volume keeps, else new ones.

    Args:
        kept: what the volume keeps.
        given: what `.env` gives; None when nobody has read it, so that all that is kept stands.

    Raises:
        SecretsError: `.env` gives a secret that the data in the volumes were not made with.
    """
    stated = {name: given[name] for name in MAKERS if given.get(name)} if given else {}
    other = [name for name in BOUND_TO_DATA if name in stated and kept.get(name, stated[name]) != stated[name]]
    if other:
        raise SecretsError(
            f"{', '.join(other)}: .env says something else than the volumes were made with, and nobody could log in. Remove these "
            "lines from .env (what the volumes know is then used), or start afresh with: make clean-volumes"
        )
    optional = kept if given is None else given
    return {name: stated.get(name) or kept.get(name) or make() for name, make in MAKERS.items()} | {
        name: optional.get(name) or default for name, default in OPTIONAL.items()
    }


def parse(lines: Iterable[str]) -> dict[str, str]:
    """The NAME=value lines of a `.env` as docker compose reads them: `export`, quotes and trailing comments are no part of a value."""
    found = {}
    for line in lines:
        if match := _LINE.match(line.strip()):
            name, double, single, plain = match.groups()
            found[name] = double or single or (plain or "").strip()
    return found


_LINE = re.compile(r"""(?:export\s+)?(\w+)\s*=\s*(?:"([^"]*)"\s*(?:#.*)?$|'([^']*)'\s*(?:#.*)?$|(.*?)(?:\s+#.*)?$)""")


def read(path: Path) -> dict[str, str]:
    """The values of a `.env`; empty when there is none."""
    return parse(path.read_text(encoding="utf-8-sig").splitlines()) if path.is_file() else {}


def read_lines(path: Path) -> dict[str, str]:
    """What `lines` wrote: everything after the first `=` is the value, as the entry point takes it."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return dict(line.split("=", 1) for line in lines if "=" in line)


def write(folder: Path, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Settle the secrets and write them for each audience. A file that says the same already is left alone.

    Args:
        folder: where the volumes are mounted.
        given: what `.env` says; None when nobody has read it.
    """
    master = folder / "all" / "secrets.env"
    kept = read_lines(master)
    values = settle(kept, given)
    files = {"all/secrets.env": lines(values)} | audiences(values, SPARK_DEFAULTS.read_text(encoding="utf-8"))
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(PermissionError):  # the folder of a volume that an image made belongs to that image's user
            path.parent.chmod(0o770)
        if path.is_file() and path.read_text(encoding="utf-8") == text and path.stat().st_mode & 0o777 == MODE:
            continue
        part = path.with_name(f".{path.name}.part")
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE), "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), MODE)
            file.write(text)
        part.replace(path)
    return values


def never_taken(named: Iterable[str], kept: Mapping[str, str]) -> list[str]:
    """Secrets that stand in `.env` although the volume never took them: a plain `docker compose up` hands over their names only."""
    return [name for name in named if name not in kept]


def main(arguments: list[str]) -> int:
    """`write`, `write -`, `show` or `env`; returns the exit code."""
    command = arguments[0] if arguments else "write"
    master = FOLDER / "all" / "secrets.env"
    try:
        if command == "write":
            given = parse(sys.stdin) if arguments[1:] == ["-"] else None
            if given is None and (names := never_taken(os.environ.get("PLATFORM_GIVEN", "").split(), read_lines(master))):
                raise SecretsError(
                    f"{', '.join(names)}: of your own in .env; hand them over with `make up`, or once with: {HAND_OVER}"
                )
            write(FOLDER, given)
            print("secrets: in place. What people need to log in: docker compose run --rm secrets show")
            return 0
        values = read_lines(master)
    except SecretsError as error:
        print(f"secrets: {error}", file=sys.stderr)
        return 1
    if command == "env":
        print(lines(values), end="")
    else:
        print(f"Airflow   user admin, password {values.get('PLATFORM_ADMIN_PASSWORD', '(none yet)')}")
        print(f"API       key {values.get('PLATFORM_API_KEY', '(none yet)')}")
        print(f"MLflow    user admin, password {values.get('PLATFORM_MLFLOW_PASSWORD', '(none yet)')}")
        print(f"S3        access key {values.get('PLATFORM_S3_ACCESS_KEY')}, secret key {values.get('PLATFORM_S3_SECRET_KEY')}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
