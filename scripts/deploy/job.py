"""A task that runs once and must end well: the databases' migrations."""

from __future__ import annotations

import logging
import time
from typing import Any

from scripts.deploy.aws import Clients, told
from scripts.deploy.environment import Environment
from scripts.deploy.errors import ReleaseFailed
from scripts.deploy.task_definition import short

log = logging.getLogger(__name__)

POLL_SECONDS = 5.0


def run_job(clients: Clients, environment: Environment, definition: str, network: dict[str, Any]) -> None:
    """Run a task definition once and wait for its end.

    Args:
        clients: of the region.
        environment: whose cluster runs it, and how long to wait.
        definition: ARN of the task definition.
        network: subnets and security groups, as ECS has them of a service.

    Raises:
        ReleaseFailed: it did not start, did not end in time, or ended with an error.
    """
    where = {"networkConfiguration": network} if network else {}
    with told(f"starting the job {short(definition)}"):
        started = clients.ecs.run_task(
            cluster=environment.cluster, taskDefinition=definition, launchType="FARGATE", startedBy="deploy", **where
        )
    if started.get("failures") or not started["tasks"]:
        raise ReleaseFailed(f"the job {short(definition)} did not start: {started.get('failures')}")
    task = _wait(clients, environment, started["tasks"][0]["taskArn"], definition)
    ended = {container["name"]: container.get("exitCode") for container in task.get("containers", [])}
    if any(code != 0 for code in ended.values()):
        raise ReleaseFailed(
            f"the job {short(definition)} ended with {ended}: {task.get('stoppedReason', 'no reason given')}. Its log is in CloudWatch."
        )
    log.info("%s ended well", short(definition))


def _wait(clients: Clients, environment: Environment, arn: str, definition: str) -> dict[str, Any]:
    deadline = time.monotonic() + environment.stable_seconds
    while True:
        with told(f"looking at the job {short(definition)}"):
            task: dict[str, Any] = clients.ecs.describe_tasks(cluster=environment.cluster, tasks=[arn])["tasks"][0]
        if task["lastStatus"] == "STOPPED":
            return task
        if time.monotonic() > deadline:
            raise ReleaseFailed(f"the job {short(definition)} still runs after {environment.stable_seconds:.0f} s")
        time.sleep(POLL_SECONDS)
