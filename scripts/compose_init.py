"""What the compose stack's one-shot services do once their servers answer: `python -m scripts.compose_init airflow | buckets | landing`.

Each may run any number of times: at every `docker compose up`, all of them do.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

#: A file that lies in the landing zone once the whole campaign has landed; hidden, so that it is no landed day.
LANDED = ".landed"

#: Where compose mounts BANK_ARCHIVE; an empty file when it is not set.
ARCHIVE = Path("/run/archive/bank-additional.zip")


def airflow() -> None:
    """Airflow's database, its first user, and airflow_settings.yaml (connections as the environment states them)."""
    from airflow.cli.cli_parser import get_parser

    from scripts import airflow_settings

    def command(*words: str) -> None:
        """Run a command of Airflow in this process: loading Airflow takes longer than what each of them does."""
        given = get_parser().parse_args(list(words))
        given.func(given)

    command("db", "migrate")
    password = os.environ["PLATFORM_ADMIN_PASSWORD"]
    person = ["--firstname", "Platform", "--lastname", "Admin", "--email", "admin@bank.example"]
    # Says so and changes nothing when the user is there: people change their passwords in the UI.
    command("users", "create", "--username", "admin", "--role", "Admin", "--password", password, *person)
    with tempfile.TemporaryDirectory() as folder:
        for kind, path in airflow_settings.write(Path(folder)).items():
            command(kind, "import", *airflow_settings.OVERWRITE.get(kind, ()), str(path))


def buckets() -> None:
    """Make the buckets, and prove with each key that it can write, read and remove in its own one."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError

    patient = Config(connect_timeout=5, read_timeout=20, retries={"max_attempts": 5, "mode": "standard"})
    for bucket, access, secret in _identities():
        s3 = boto3.client(
            "s3", endpoint_url=os.environ["BANK_S3_ENDPOINT_URL"], region_name=os.environ.get("AWS_DEFAULT_REGION", "us-east-1"),
            aws_access_key_id=access, aws_secret_access_key=secret, config=patient,
        )  # fmt: skip
        try:
            s3.head_bucket(Bucket=bucket)
        except ClientError:
            s3.create_bucket(Bucket=bucket)
            print(f"made the bucket {bucket}")
        s3.put_object(Bucket=bucket, Key=".probe", Body=b"works")
        if s3.get_object(Bucket=bucket, Key=".probe")["Body"].read() != b"works":
            raise SystemExit(f"{bucket} gives back something else than was put into it")
        s3.delete_object(Bucket=bucket, Key=".probe")
        print(f"bucket {bucket}: written, read, removed")


def _identities() -> list[tuple[str, str, str]]:
    from scripts.compose_audiences import BUCKET, MLFLOW_BUCKET
    from scripts.compose_secrets import read_lines

    platform, mlflow = read_lines(Path("/run/bank/airflow/airflow.env")), read_lines(Path("/run/bank/mlflow/mlflow.env"))
    return [
        (BUCKET, platform["BANK_S3_ACCESS_KEY"], platform["BANK_S3_SECRET_KEY"]),
        (MLFLOW_BUCKET, mlflow["AWS_ACCESS_KEY_ID"], mlflow["AWS_SECRET_ACCESS_KEY"]),
    ]


def landing() -> None:
    """Land the campaign once: the archive that BANK_ARCHIVE names, else UCI's, else the labelled synthetic campaign."""
    root = Path(os.environ["BANK_LANDING_ROOT"])
    again = sys.argv[2:]
    if (root / LANDED).exists() and not again:
        print("the campaign has landed. Another one: docker compose run --rm landing --replace")
        return
    if ARCHIVE.is_file() and ARCHIVE.stat().st_size:
        os.environ["BANK_ARCHIVE"] = str(ARCHIVE)
    _run("bank-marketing", "land", *again)
    (root / LANDED).touch()


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:3])} … ended with code {done.returncode}")


STEPS: dict[str, Callable[[], None]] = {"airflow": airflow, "buckets": buckets, "landing": landing}

if __name__ == "__main__":
    STEPS[sys.argv[1]]()
