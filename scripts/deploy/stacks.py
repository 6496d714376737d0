"""CloudFormation stacks: made, or changed by a change set that is shown first; then waited for."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from scripts.deploy.aws import Clients, told
from scripts.deploy.errors import StackFailed
from scripts.deploy.template import body

log = logging.getLogger(__name__)

#: RDS takes some ten minutes, a service that does not become healthy is ended by its circuit breaker within thirty.
PATIENCE_SECONDS = 3600.0
POLL_SECONDS = 5.0

#: States in which a stack can be left alone.
GOOD = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_NOTHING = ("didn't contain changes", "No updates are to be performed")


@dataclass(frozen=True)
class Change:
    """What would happen to one resource."""

    action: str
    resource: str
    kind: str
    replaced: bool


def outputs(clients: Clients, stack: str) -> dict[str, str]:
    """Outputs of a stack; empty when there is no such stack."""
    found = _describe(clients, stack)
    return {entry["OutputKey"]: entry["OutputValue"] for entry in (found or {}).get("Outputs", [])}


def apply(
    clients: Clients, stack: str, template: dict[str, Any], parameters: dict[str, str], *, dry_run: bool = False
) -> list[Change]:
    """Bring a stack to what its template says; with `dry_run`, only tell the changes.

    Raises:
        StackFailed: CloudFormation refused the change, or rolled it back.
    """
    if _describe(clients, stack) is None:
        return _create(clients, stack, template, parameters, dry_run=dry_run)
    name = f"deploy-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
    with told(f"change set of the stack {stack}"):
        clients.cloudformation.create_change_set(
            ChangeSetName=name, ChangeSetType="UPDATE", **_request(stack, template, parameters)
        )
        changes = _changes(clients, stack, name)
    if dry_run or not changes:
        with told(f"removing the change set {name}"):
            clients.cloudformation.delete_change_set(StackName=stack, ChangeSetName=name)
        return changes
    with told(f"executing the change set of {stack}"):
        clients.cloudformation.execute_change_set(StackName=stack, ChangeSetName=name)
    _wait(clients, stack)
    return changes


def _create(
    clients: Clients, stack: str, template: dict[str, Any], parameters: dict[str, str], *, dry_run: bool
) -> list[Change]:
    """A stack that is not there yet: everything is added, so no change set has to say it."""
    with told(f"making the stack {stack}"):
        clients.cloudformation.validate_template(TemplateBody=body(template))
        if not dry_run:
            clients.cloudformation.create_stack(OnFailure="ROLLBACK", **_request(stack, template, parameters))
    if not dry_run:
        _wait(clients, stack)
    return [Change("Add", name, entry["Type"], replaced=False) for name, entry in template["Resources"].items()]


def _request(stack: str, template: dict[str, Any], parameters: dict[str, str]) -> dict[str, Any]:
    return {
        "StackName": stack,
        "TemplateBody": body(template),
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "Tags": [{"Key": "product", "Value": "bank-marketing"}],
    }


def _describe(clients: Clients, stack: str) -> dict[str, Any] | None:
    with told(f"looking at the stack {stack}"):
        try:
            found: dict[str, Any] = clients.cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
    return found


def _changes(clients: Clients, stack: str, name: str) -> list[Change]:
    """The changes of a change set once it is ready."""
    deadline = time.monotonic() + 300
    while True:
        found = clients.cloudformation.describe_change_set(StackName=stack, ChangeSetName=name)
        if found["Status"] == "FAILED":
            reason = found.get("StatusReason", "")
            if any(words in reason for words in _NOTHING):
                return []
            raise StackFailed(f"{stack}: CloudFormation refuses the change: {reason}. Nothing was changed.")
        if found["Status"] == "CREATE_COMPLETE":
            return [_change(entry["ResourceChange"]) for entry in found["Changes"]]
        if time.monotonic() > deadline:
            raise StackFailed(
                f"{stack}: the change set {name} is still {found['Status']} after five minutes; nothing was changed"
            )
        time.sleep(POLL_SECONDS)


def _change(entry: dict[str, Any]) -> Change:
    replaced = str(entry.get("Replacement", "False")) in ("True", "Conditional")
    return Change(entry["Action"], entry["LogicalResourceId"], entry["ResourceType"], replaced)


def _wait(clients: Clients, stack: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = _describe(clients, stack) or {"StackStatus": "DELETE_COMPLETE"}
        state = found["StackStatus"]
        if state in GOOD:
            log.info("%s: %s", stack, state)
            return
        if not state.endswith("IN_PROGRESS"):
            raise StackFailed(f"{stack} is {state}: {_reason(clients, stack)}. CloudFormation has undone what it could.")
        if time.monotonic() > deadline:
            raise StackFailed(
                f"{stack} is still {state} after {PATIENCE_SECONDS / 60:.0f} minutes; see its events in the console"
            )
        time.sleep(POLL_SECONDS)


def _reason(clients: Clients, stack: str) -> str:
    """The first failure of a stack's newest events: the later ones only follow from it."""
    with told(f"events of {stack}"):
        events = clients.cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    failures = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
    return (
        f"{failures[-1]['LogicalResourceId']}: {failures[-1].get('ResourceStatusReason', '?')}"
        if failures
        else "no reason is given"
    )
