"""The secrets of an environment, made where they are kept. The stack makes their places; what is already in one is never replaced."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from bank_marketing.errors import ConfigError
from scripts.deploy.aws import Clients, code_of, told
from scripts.deploy.environment import PREFIX, Environment

log = logging.getLogger(__name__)

#: Secrets that are filled here -> the parameter of the stack that hands them on. `database` is made whole by its stack.
PARAMETERS = {
    "airflow": "AirflowSecretArn",
    "api": "ApiSecretArn",
    "mlflow": "MlflowSecretArn",
    "smoke": "SmokeSecretArn",
}

#: The name under which the smoke test's key is known to the service.
SMOKE = "smoke"


def name_of(environment: Environment, place: str) -> str:
    """Name of a secret."""
    return f"{PREFIX}/{environment.name}/{place}"


def arns(clients: Clients, environment: Environment) -> dict[str, str]:
    """Stack parameter -> ARN of the secret, for the templates that hand them to tasks. Raises AwsRefused."""
    found = {}
    for place, parameter in PARAMETERS.items():
        name = name_of(environment, place)
        with told(f"looking for the secret {name}"):
            found[parameter] = str(clients.secrets.describe_secret(SecretId=name)["ARN"])
    return found


def read(clients: Clients, environment: Environment, place: str) -> dict[str, str]:
    """What a secret holds; empty when nothing was put in yet. Raises AwsRefused."""
    name = name_of(environment, place)
    with told(f"reading the secret {name}"):
        try:
            held: dict[str, str] = json.loads(clients.secrets.get_secret_value(SecretId=name)["SecretString"])
        except ClientError as error:
            # A secret without a value answers as if it were not there; describing it tells the two apart.
            if code_of(error) != "ResourceNotFoundException":
                raise
            clients.secrets.describe_secret(SecretId=name)
            return {}
    return held


def smoke_key(clients: Clients, environment: Environment) -> str:
    """The API key of the smoke test. Raises ConfigError: it was never made."""
    key = read(clients, environment, "smoke").get("key", "")
    if not key:
        raise ConfigError(
            f"{name_of(environment, 'smoke')} holds no key: `python -m scripts.deploy secrets {environment.name}` makes it"
        )
    return key


def fill(clients: Clients, environment: Environment, outputs: dict[str, str], mail_from: str) -> dict[str, list[str]]:
    """Put in what is missing; gives secret -> names of what was made, never their values.

    Args:
        clients: of the region.
        environment: whose secrets.
        outputs: of its platform stack: DatabaseAddress, MailUser.
        mail_from: the sender that the mail user may use.
    """
    database = read(clients, environment, "database")
    makers: dict[str, dict[str, Callable[[], str]]] = {
        "smoke": {"key": lambda: "bmk_" + secrets.token_urlsafe(32)},
        "airflow": {
            "fernet_key": _key,
            "jwt_secret": _key,
            "secret_key": _key,
            "admin_password": lambda: secrets.token_urlsafe(18),
            "database_url": lambda: _url(database, outputs, "airflow"),
            "smtp_connection": lambda: smtp_connection(clients, outputs["MailUser"], mail_from),
        },
        "mlflow": {"database_url": lambda: _url(database, outputs, "mlflow")},
        "api": {
            "session_secret": _key,
            "key_hashes": lambda: f"{SMOKE}={hashlib.sha256(smoke_key(clients, environment).encode()).hexdigest()}",
        },
    }
    return {place: _complete(clients, environment, place, wanted) for place, wanted in makers.items()}


def _complete(clients: Clients, environment: Environment, place: str, wanted: dict[str, Callable[[], str]]) -> list[str]:
    held = read(clients, environment, place)
    made = [name for name in wanted if not held.get(name)]
    if made:
        value = held | {name: wanted[name]() for name in made}
        with told(f"filling the secret {name_of(environment, place)}"):
            clients.secrets.put_secret_value(SecretId=name_of(environment, place), SecretString=json.dumps(value))
    return made


def _key() -> str:
    """32 random bytes; also what Airflow's Fernet key must be."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _url(database: dict[str, str], outputs: dict[str, str], name: str) -> str:
    if not database.get("password"):
        raise ConfigError("the secret of the database is empty: the platform stack makes it; apply that stack first")
    password = quote(database["password"], safe="")
    return f"postgresql+psycopg2://{database['username']}:{password}@{outputs['DatabaseAddress']}:5432/{name}?sslmode=require"


def smtp_connection(clients: Clients, user: str, mail_from: str) -> str:
    """An Airflow connection to SES with a fresh access key of the mail user, which may send as `mail_from` and nothing else."""
    with told(f"making an access key of {user}"):
        key: dict[str, Any] = clients.iam.create_access_key(UserName=user)["AccessKey"]
    return json.dumps(
        {
            "conn_type": "smtp",
            "host": f"email-smtp.{clients.region}.amazonaws.com",
            "port": 587,
            "login": key["AccessKeyId"],
            "password": smtp_password(key["SecretAccessKey"], clients.region),
            "extra": {"from_email": mail_from, "disable_ssl": True},  # STARTTLS on 587
        }
    )


def smtp_password(secret_access_key: str, region: str) -> str:
    """SES's SMTP password of an access key: a chain of HMACs that AWS documents (SES developer guide, "SMTP credentials")."""
    signature = ("AWS4" + secret_access_key).encode()
    for part in ("11111111", region, "ses", "aws4_request", "SendRawEmail"):
        signature = hmac.new(signature, part.encode(), hashlib.sha256).digest()
    return base64.b64encode(b"\x04" + signature).decode()
