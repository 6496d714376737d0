"""Secrets: made where they are kept, never shown, never replaced."""

from __future__ import annotations

import hashlib
import json

import pytest

from scripts.deploy import credentials
from scripts.deploy.images import Images
from tests.deploy.commands import done
from tests.support.aws import Account, quick

#: The endpoint starts, makes its stacks and a model in the first test that needs them; on a busy machine that takes minutes.
pytestmark = pytest.mark.timeout(900)


STAGING = quick("staging")


def test_each_secret_is_complete_and_fits_the_others(account: Account, first: Images) -> None:
    held = {place: credentials.read(account.clients, STAGING, place) for place in ("airflow", "api", "mlflow", "smoke")}
    assert held["api"]["key_hashes"] == f"smoke={hashlib.sha256(held['smoke']['key'].encode()).hexdigest()}"
    url = held["airflow"]["database_url"]
    assert url.startswith("postgresql+psycopg2://bank:p%2Fw%2B1@")
    assert url.endswith(":5432/airflow?sslmode=require")
    assert held["mlflow"]["database_url"] == url.replace("/airflow?", "/mlflow?")
    mail = json.loads(held["airflow"]["smtp_connection"])
    assert (mail["host"], mail["extra"]["from_email"]) == ("email-smtp.eu-central-1.amazonaws.com", "airflow@bank.example")
    known = account.clients.iam.list_access_keys(UserName="bank-marketing-staging-mail")["AccessKeyMetadata"]
    assert [key["AccessKeyId"] for key in known] == [mail["login"]]


def test_a_second_time_nothing_is_replaced_and_nothing_is_shown(account: Account, first: Images) -> None:
    before = credentials.read(account.clients, STAGING, "airflow")
    shown = done("secrets", "staging")
    assert credentials.read(account.clients, STAGING, "airflow") == before
    assert shown.count("complete") == 4
    assert not any(value in shown for value in before.values())


def test_production_and_staging_share_none(account: Account, production: None) -> None:
    staging, production = (credentials.read(account.clients, quick(name), "airflow") for name in ("staging", "production"))
    keys = ("fernet_key", "jwt_secret", "secret_key", "admin_password")
    assert not {staging[key] for key in keys} & {production[key] for key in keys}


def test_the_mail_password_is_the_one_that_aws_derives() -> None:
    """Values that AWS's own script gives for these keys, as other projects' tests have them too."""
    derived = credentials.smtp_password("some+secret+key", "eu-central-1")
    assert derived == "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"
