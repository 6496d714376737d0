"""An environment: one file below deploy/environments/, and what belongs to the account and not to the repository."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from bank_marketing.components.context import Entity
from bank_marketing.errors import ConfigError
from scripts.environment import PROJECT

FOLDER = PROJECT / "deploy" / "environments"

#: Stacks are called after the product; the build's and the deployers' roles may only touch what bears this name.
PREFIX = "bank-marketing"

#: JSON object with template parameters that only the account knows: VpcId, PrivateSubnets, CertificateArn …
ACCOUNT_PARAMETERS = "DEPLOY_PARAMETERS"

_Parameters = TypeAdapter(dict[str, str])
Seconds = Annotated[float, Field(gt=0)]


class Environment(Entity):
    """A place where the platform runs."""

    name: str = Field(pattern=r"^[a-z]{2,16}$")
    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")
    after: str | None = Field(default=None, description="environment that must have run the same images well before")
    order: tuple[str, ...] = Field(min_length=1, description="services, in the order in which they are moved to new images")
    job: str | None = Field(default=None, description="task definition that runs once before the services move")
    parameters: dict[str, str] = Field(default_factory=dict, description="of the CloudFormation templates")
    stable_seconds: Seconds = Field(default=900, description="patience until all services run their new tasks")
    smoke_seconds: Seconds = Field(default=180, description="patience until the API is ready; loading the model takes a while")

    def stack(self, part: str) -> str:
        """Name of one of its stacks."""
        return f"{PREFIX}-{self.name}-{part}"

    @property
    def cluster(self) -> str:
        """Name of its ECS cluster."""
        return f"{PREFIX}-{self.name}"

    def all_parameters(self, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
        """Parameters of the repository and, above them, of the account. Raises ConfigError."""
        try:
            account = _Parameters.validate_python(json.loads(environ.get(ACCOUNT_PARAMETERS) or "{}"))
        except (json.JSONDecodeError, ValidationError) as error:
            raise ConfigError(
                f'{ACCOUNT_PARAMETERS} must be a JSON object of texts, for example {{"VpcId": "vpc-0abc"}}; it is not: {error}'
            ) from error
        return {"Environment": self.name} | self.parameters | account


def load_environment(name: str, folder: Path = FOLDER) -> Environment:
    """Read an environment by its name. Raises ConfigError."""
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if name not in known:
        raise ConfigError(f"there is no environment {name!r} in {folder}; there are: {', '.join(known)}")
    path = folder / f"{name}.yaml"
    try:
        return Environment(name=name, **yaml.safe_load(path.read_text(encoding="utf-8")))
    except (ValidationError, TypeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} is no environment: {error}") from error
