"""The images of a release, by digest: a tag can be moved, a digest cannot."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Self

from botocore.exceptions import ClientError
from pydantic import Field, RootModel, ValidationError

from bank_marketing.errors import ConfigError
from scripts.deploy.aws import Clients, code_of, told
from scripts.deploy.errors import ImageRefused

#: The targets of the Dockerfile that run on the cluster; Spark runs inside the Airflow scheduler's task, in local mode.
TARGETS = ("airflow", "api", "mlflow")

ImageUri = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._:/-]*/[a-z0-9._/-]+@sha256:[0-9a-f]{64}$")]


class Images(RootModel[dict[str, ImageUri]]):
    """Target -> `registry/repository@sha256:…`."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file that `python -m scripts.deploy images` wrote. Raises ConfigError."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError as error:
            raise ConfigError(f"{path} does not exist: `python -m scripts.deploy images` makes it from the build") from error
        except ValidationError as error:
            raise ConfigError(f"{path} does not name images by digest: {error}") from error

    @classmethod
    def of_build(cls, metadata: Path) -> Self:
        """The images that `docker buildx bake --metadata-file` has pushed. Raises ConfigError: a target is missing."""
        built = json.loads(metadata.read_text(encoding="utf-8"))
        missing = [target for target in TARGETS if "containerimage.digest" not in built.get(target, {})]
        if missing:
            raise ConfigError(f"{metadata} has no digest of {', '.join(missing)}: build and push all of {', '.join(TARGETS)}")
        return cls(
            {target: f"{repository_of(_first(built[target]))}@{built[target]['containerimage.digest']}" for target in TARGETS}
        )

    def by_repository(self) -> dict[str, str]:
        """Repository with its registry -> image."""
        return {repository_of(uri): uri for uri in self.root.values()}

    def check_pushed(self, clients: Clients) -> None:
        """Raises ImageRefused: a digest is not in the registry."""
        for target, uri in self.root.items():
            name, digest = place(uri)
            try:
                clients.ecr.describe_images(repositoryName=name, imageIds=[{"imageDigest": digest}])
            except ClientError as error:
                if code_of(error) not in ("ImageNotFoundException", "RepositoryNotFoundException"):
                    with told(f"looking for the image {uri}"):
                        raise
                raise ImageRefused(
                    f"{target}: {uri} is not in the registry. Nothing was changed; build and push it first."
                ) from error


def _first(target: dict[str, str]) -> str:
    return target.get("image.name", "").split(",")[0]


def repository_of(image: str) -> str:
    """The image's repository with its registry, without tag and digest."""
    return re.sub(r":[^/:]*$", "", image.partition("@")[0])


def place(uri: str) -> tuple[str, str]:
    """The repository's name inside its registry, and the digest."""
    repository, _, digest = uri.partition("@")
    return repository.partition("/")[2], digest
