"""The secrets of the compose stack: made once, kept in a volume, and given to each container only as far as it needs them.

The service `secrets` runs `python -m scripts.compose_secrets write` before everything else, so `docker compose up` needs no `.env`.
What `.env` does say (PLATFORM_…, written by `make up`) is taken instead of making it up. `… show` prints what people need to log
in, `… env` prints everything as lines of a `.env`. Standard library only.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

#: Where the volumes are mounted, one folder for each audience; `all` is seen by the service `secrets` alone.
FOLDER = Path("/run/bank")

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
}

#: What the data in the volumes were made with: another value in `.env` would lock everybody out.
BOUND_TO_DATA = (
    "PLATFORM_POSTGRES_PASSWORD",
    "PLATFORM_AIRFLOW_DB_PASSWORD",
    "PLATFORM_MLFLOW_DB_PASSWORD",
    "PLATFORM_FERNET_KEY",
    "PLATFORM_ADMIN_PASSWORD",
)

BUCKET, MLFLOW_BUCKET = "bank-marketing", "mlflow"


class SecretsError(Exception):
    """The secrets contradict each other; the message says what to do."""


def settle(kept: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The secrets to use: what `.env` gives, else what the volume keeps, else new ones.

    Raises:
        SecretsError: `.env` gives a secret that the data in the volumes were not made with.
    """
    stated = {name: given[name] for name in MAKERS if given.get(name)}
    other = [name for name in BOUND_TO_DATA if name in stated and kept.get(name, stated[name]) != stated[name]]
    if other:
        raise SecretsError(
            f"{', '.join(other)}: .env says something else than the volumes were made with, and nobody could log in. Remove these "
            "lines from .env (what the volumes know is then used), or start afresh with: make clean-volumes"
        )
    return {name: stated.get(name) or kept.get(name) or make() for name, make in MAKERS.items()}


def audiences(values: Mapping[str, str], spark_defaults: str = "") -> dict[str, str]:
    """Content of every file, by its path below FOLDER. A `.env` file is read by the entry point of our images."""
    v = {name.removeprefix("PLATFORM_"): value for name, value in values.items()}
    platform = {"BANK_S3_ACCESS_KEY": v["S3_ACCESS_KEY"], "BANK_S3_SECRET_KEY": v["S3_SECRET_KEY"]}
    database = f"airflow:{v['AIRFLOW_DB_PASSWORD']}@postgres:5432/airflow"
    airflow = {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://{database}",
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+postgresql+psycopg2://{database}",
        "AIRFLOW__CELERY__BROKER_URL": f"redis://:{v['REDIS_PASSWORD']}@redis:6379/0",
        "AIRFLOW__CORE__FERNET_KEY": v["FERNET_KEY"],
        "AIRFLOW__API_AUTH__JWT_SECRET": v["JWT_SECRET"],
        "AIRFLOW__API__SECRET_KEY": v["AIRFLOW_SECRET_KEY"],
        "PLATFORM_ADMIN_PASSWORD": v["ADMIN_PASSWORD"],
    }
    mlflow = {
        "MLFLOW_BACKEND_STORE_URI": f"postgresql+psycopg2://mlflow:{v['MLFLOW_DB_PASSWORD']}@postgres:5432/mlflow",
        "AWS_ACCESS_KEY_ID": v["MLFLOW_S3_ACCESS_KEY"],
        "AWS_SECRET_ACCESS_KEY": v["MLFLOW_S3_SECRET_KEY"],
    }
    api = {
        "BANK_API_KEY_HASHES": f"compose={hashlib.sha256(v['API_KEY'].encode()).hexdigest()}",
        "BANK_API_SESSION_SECRET": v["SESSION_SECRET"],
    }
    cluster = f"\nspark.authenticate                       true\nspark.authenticate.secret                {v['SPARK_SECRET']}\n"
    return {
        "postgres/superuser": v["POSTGRES_PASSWORD"],
        "postgres/airflow": v["AIRFLOW_DB_PASSWORD"],
        "postgres/mlflow": v["MLFLOW_DB_PASSWORD"],
        "redis/redis.conf": f"requirepass {v['REDIS_PASSWORD']}\n",
        "s3/s3.json": json.dumps(s3_identities(v), indent=1),
        "airflow/airflow.env": _lines(airflow | platform),
        "mlflow/mlflow.env": _lines(mlflow),
        "api/api.env": _lines(api | platform),
        "spark/spark-defaults.conf": spark_defaults + cluster,
    }


def s3_identities(v: Mapping[str, str]) -> dict[str, object]:
    """SeaweedFS's identities: each key opens one bucket."""

    def identity(name: str, access: str, secret: str, bucket: str) -> dict[str, object]:
        return {
            "name": name,
            "credentials": [{"accessKey": access, "secretKey": secret}],
            "actions": [f"{action}:{bucket}" for action in ("Admin", "Read", "Write", "List", "Tagging")],
        }

    return {
        "identities": [
            identity("platform", v["S3_ACCESS_KEY"], v["S3_SECRET_KEY"], BUCKET),
            identity("mlflow", v["MLFLOW_S3_ACCESS_KEY"], v["MLFLOW_S3_SECRET_KEY"], MLFLOW_BUCKET),
        ]
    }


def _lines(values: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in values.items())


def read(path: Path) -> dict[str, str]:
    """The name=value lines of a file; empty when there is none."""
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    return {
        name.strip(): value.strip()
        for name, _, value in (line.partition("=") for line in lines if "=" in line)
        if name[:1] != "#"
    }


def write(folder: Path = FOLDER, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Settle the secrets and write them for each audience. A file that says the same already is left alone."""
    master = folder / "all" / "secrets.env"
    values = settle(read(master), os.environ if given is None else given)
    files = {"all/secrets.env": _lines(values)} | audiences(values, SPARK_DEFAULTS.read_text(encoding="utf-8"))
    for name, text in files.items():
        path = folder / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        part.write_text(text, encoding="utf-8")
        # Whoever mounts a folder may read it: containers run under different UIDs, and see only the folders that they mount.
        part.chmod(0o444)
        part.replace(path)
    return values


def main(arguments: list[str]) -> int:
    """`write`, `show` or `env`; returns the exit code."""
    command = arguments[0] if arguments else "write"
    try:
        if command == "write":
            write()
            print("secrets: in place. What people need to log in: docker compose run --rm secrets show")
            return 0
        values = read(FOLDER / "all" / "secrets.env")
    except SecretsError as error:
        print(f"secrets: {error}", file=sys.stderr)
        return 1
    if command == "env":
        print(_lines(values), end="")
    else:
        print(f"Airflow   user admin, password {values.get('PLATFORM_ADMIN_PASSWORD', '(none yet)')}")
        print(f"API       key {values.get('PLATFORM_API_KEY', '(none yet)')}")
        print(f"S3        access key {values.get('PLATFORM_S3_ACCESS_KEY')}, secret key {values.get('PLATFORM_S3_SECRET_KEY')}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
