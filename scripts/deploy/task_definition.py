"""A task definition rendered with other images: everything else stays as the stack has it."""

from __future__ import annotations

from typing import Any

from bank_marketing.errors import ConfigError
from scripts.deploy.aws import Clients, told
from scripts.deploy.errors import ReleaseRefused
from scripts.deploy.images import Images, repository_of


def current(clients: Clients, name: str) -> dict[str, Any]:
    """A task definition by ARN, or the newest of a family."""
    with told(f"reading the task definition {name}"):
        found: dict[str, Any] = clients.ecs.describe_task_definition(taskDefinition=name)["taskDefinition"]
    return found


def render(definition: dict[str, Any], images: Images) -> dict[str, Any]:
    """The task definition with the images of the same repositories; a sidecar from elsewhere keeps its own.

    Raises:
        ReleaseRefused: no container's image comes from a repository of this release.
    """
    wanted = images.by_repository()
    containers = [
        container | {"image": wanted.get(repository_of(container["image"]), container["image"])}
        for container in definition["containerDefinitions"]
    ]
    if not any(container["image"] in wanted.values() for container in containers):
        used = ", ".join(container["image"] for container in containers)
        raise ReleaseRefused(
            f"the task definition {definition['family']} uses {used}; none of it comes from {', '.join(wanted)}. Nothing was changed."
        )
    return definition | {"containerDefinitions": containers}


def register(clients: Clients, definition: dict[str, Any]) -> str:
    """Register a rendered definition as a new revision; gives its ARN."""
    taken = clients.ecs.meta.service_model.operation_model("RegisterTaskDefinition").input_shape.members
    fields = {key: value for key, value in definition.items() if key in taken and value not in (None, [], {})}
    with told(f"registering a revision of {definition['family']}"):
        return str(clients.ecs.register_task_definition(**fields)["taskDefinition"]["taskDefinitionArn"])


def images_in_use(clients: Clients, cluster: str, services: tuple[str, ...]) -> dict[str, str]:
    """Target (the last part of a repository's name) -> image that the services run now.

    Raises:
        ConfigError: nothing runs yet.
    """
    with told(f"reading the services of {cluster}"):
        try:
            found = clients.ecs.describe_services(cluster=cluster, services=list(services))["services"]
        except clients.ecs.exceptions.ClusterNotFoundException:
            found = []
    used: dict[str, str] = {}
    for service in found:
        if service["status"] == "ACTIVE":
            for container in current(clients, service["taskDefinition"])["containerDefinitions"]:
                used[repository_of(container["image"]).rpartition("/")[2]] = container["image"]
    if not used:
        raise ConfigError(f"nothing runs in {cluster} yet: name the first images with --images images.json")
    return used


def short(arn: str) -> str:
    """`family:revision` of an ARN."""
    return arn.rpartition("/")[2]
