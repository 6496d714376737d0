"""What each container of the compose stack is told of the secrets, and in which form: one folder an audience. Standard library only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

#: Where the volumes are mounted, one folder for each audience; `all` is seen by the service `secrets` alone.
FOLDER = Path("/run/bank")

BUCKET, MLFLOW_BUCKET = "bank-marketing", "mlflow"

_INI = """\
[mlflow]
default_permission = READ
database_uri = {database}
admin_username = admin
auth_cache_ttl_seconds = 60
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
"""


def audiences(values: Mapping[str, str], spark_defaults: str = "") -> dict[str, str]:
    """Content of every file, by its path below FOLDER. A `.env` file is read by the entry point of our images."""
    v = {name.removeprefix("PLATFORM_"): value for name, value in values.items()}
    tracking = {"MLFLOW_TRACKING_USERNAME": "admin", "MLFLOW_TRACKING_PASSWORD": v["MLFLOW_PASSWORD"]}
    platform = tracking | {"BANK_S3_ACCESS_KEY": v["S3_ACCESS_KEY"], "BANK_S3_SECRET_KEY": v["S3_SECRET_KEY"]}
    database = f"airflow:{v['AIRFLOW_DB_PASSWORD']}@postgres:5432/airflow"
    airflow = {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://{database}",
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+postgresql+psycopg2://{database}",
        "AIRFLOW__CELERY__BROKER_URL": f"redis://:{v['REDIS_PASSWORD']}@redis:6379/0",
        "AIRFLOW__CORE__FERNET_KEY": v["FERNET_KEY"],
        "AIRFLOW__API_AUTH__JWT_SECRET": v["JWT_SECRET"],
        "AIRFLOW__API__SECRET_KEY": v["AIRFLOW_SECRET_KEY"],
        "AIRFLOW_CONN_SMTP_DEFAULT": v["AIRFLOW_CONN_SMTP_DEFAULT"],
        "PLATFORM_ADMIN_PASSWORD": v["ADMIN_PASSWORD"],
    }
    backend = f"postgresql+psycopg2://mlflow:{v['MLFLOW_DB_PASSWORD']}@postgres:5432/mlflow"
    mlflow = tracking | {
        "MLFLOW_BACKEND_STORE_URI": backend,
        "MLFLOW_AUTH_CONFIG_PATH": str(FOLDER / "mlflow" / "auth.ini"),
        "MLFLOW_AUTH_ADMIN_PASSWORD": v["MLFLOW_PASSWORD"],
        "MLFLOW_FLASK_SERVER_SECRET_KEY": v["MLFLOW_SECRET_KEY"],
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
        "airflow/airflow.env": lines(airflow | platform),
        "mlflow/mlflow.env": lines(mlflow),
        # Accounts lie in MLflow's own database, in tables of their own. `%` begins an interpolation in such files.
        "mlflow/auth.ini": _INI.format(database=backend.replace("%", "%%")),
        "api/api.env": lines(api | platform),
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


def lines(values: Mapping[str, str]) -> str:
    """Values as the entry point of our images reads them: name=value, as they are."""
    return "".join(f"{name}={value}\n" for name, value in values.items())
