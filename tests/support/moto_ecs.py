"""moto's server, with one thing of ECS that moto leaves out: an updated service has a primary deployment of the new task definition."""

from __future__ import annotations

from typing import Any

from moto.ecs.models import EC2ContainerServiceBackend, Service
from moto.server import main

_update = EC2ContainerServiceBackend.update_service


def update_service(self: EC2ContainerServiceBackend, service_properties: dict[str, Any]) -> Service:
    """As moto does it, and the deployment follows."""
    service = _update(self, service_properties)
    for deployment in service.deployments:
        deployment["taskDefinition"] = service.task_definition
    return service


EC2ContainerServiceBackend.update_service = update_service  # type: ignore[method-assign]

if __name__ == "__main__":
    main()
