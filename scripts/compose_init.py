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

#: A file that lies in a campaign's landing zone once all of it has landed; hidden, so that it is no landed day.
LANDED = ".landed"

#: Where compose mounts BANK_ARCHIVE, a file or a folder; an empty device when it is not set.
ARCHIVE = Path("/run/archive")


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
    """Land each campaign once: from the archive that BANK_ARCHIVE names, else UCI's, else its labelled synthetic stand-in."""
    from bank_marketing.campaign import open_campaign
    from bank_marketing.landing.source import load_source
    from bank_marketing.settings import Settings

    again = sys.argv[2:]
    if ARCHIVE.is_dir() or ARCHIVE.is_file():  # a device, where nothing was named
        os.environ["BANK_ARCHIVE"] = str(ARCHIVE)
    settings = Settings()
    for campaign in settings.all_campaigns:
        own = settings.for_campaign(campaign)
        landed = own.landing / LANDED
        if load_source(open_campaign(own).folder) is None:
            print(f"{campaign} has no archive: it lives from the files that land in {own.landing} (docs/your-own-data.md)")
            continue
        if landed.exists() and not again:
            print(f"{campaign} has landed. To replace it: docker compose run --rm landing --replace")
            continue
        _run("bank-marketing", "land", "--campaign", campaign, *again)
        landed.touch()


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:3])} … ended with code {done.returncode}")


STEPS: dict[str, Callable[[], None]] = {"airflow": airflow, "buckets": buckets, "landing": landing}

if __name__ == "__main__":
    STEPS[sys.argv[1]]()
