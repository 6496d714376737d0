"""Clients of the AWS API, and its refusals in words. `AWS_ENDPOINT_URL` leads them to another endpoint, as the tests do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, WaiterError

from scripts.deploy.errors import AwsRefused

#: Throttling is normal while a cluster is asked every few seconds; an endpoint that is not there is told within a minute.
CONFIG = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=5, read_timeout=60)


@lru_cache
def _client(name: str, region: str, endpoint: str) -> Any:
    """A client, made once: reading its service's model takes longer than most requests."""
    return boto3.session.Session(region_name=region).client(name, config=CONFIG, endpoint_url=endpoint or None)


@dataclass(frozen=True)
class Clients:
    """The services that a deployment talks to, in one region."""

    region: str

    def _client(self, name: str) -> Any:
        return _client(name, self.region, os.environ.get("AWS_ENDPOINT_URL", ""))

    @cached_property
    def cloudformation(self) -> Any:
        """Stacks."""
        return self._client("cloudformation")

    @cached_property
    def ecs(self) -> Any:
        """Services, task definitions, one-off tasks."""
        return self._client("ecs")

    @cached_property
    def ecr(self) -> Any:
        """Images and what their scans found."""
        return self._client("ecr")

    @cached_property
    def s3(self) -> Any:
        """Records of deployments."""
        return self._client("s3")

    @cached_property
    def secrets(self) -> Any:
        """Secrets Manager."""
        return self._client("secretsmanager")

    @cached_property
    def iam(self) -> Any:
        """Access keys of the mail user."""
        return self._client("iam")

    @cached_property
    def mail(self) -> Any:
        """SES."""
        return self._client("sesv2")


@contextmanager
def told(what: str) -> Iterator[None]:
    """Name what was wanted when AWS refuses it. Raises AwsRefused."""
    try:
        yield
    except NoCredentialsError as error:
        raise AwsRefused(f"{what}: no AWS credentials. In CI the OIDC role brings them; by hand: `aws sso login`.") from error
    except ClientError as error:
        detail = error.response["Error"]
        raise AwsRefused(f"{what}: AWS says {detail.get('Code', '?')}: {detail.get('Message', '')}") from error
    except (BotoCoreError, WaiterError) as error:
        raise AwsRefused(f"{what}: {error}") from error


def code_of(error: ClientError) -> str:
    """The error code of a refusal."""
    return str(error.response["Error"].get("Code", ""))
