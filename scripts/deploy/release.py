"""A release: task definitions with the new images, the services moved one after the other, the smoke test, and the way back.

The way back is the former task definition of every service, which still exists as it was: no build and no registry is needed for it.
Databases only go forward: a migration must leave the former code able to run (add first, remove a release later).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bank_marketing.errors import BankMarketingError
from scripts.deploy import record, task_definition
from scripts.deploy.aws import Clients, told
from scripts.deploy.environment import Environment
from scripts.deploy.errors import ReleaseFailed, ReleaseRefused
from scripts.deploy.images import Images
from scripts.deploy.job import run_job
from scripts.deploy.record import Move, Outcome, Release
from scripts.deploy.task_definition import short
from scripts.smoke_test import Probe

log = logging.getLogger(__name__)

POLL_SECONDS = 5.0

Smoke = Callable[[], list[Probe]]


@dataclass
class Releasing:
    """A release under way."""

    environment: Environment
    images: Images
    clients: Clients
    smoke: Smoke
    commit: str
    who: str
    bucket: str
    moves: list[Move] = field(default_factory=list)
    probes: list[Probe] = field(default_factory=list)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended: Release | None = None

    def plan(self) -> dict[str, dict[str, Any]]:
        """Service -> its task definition, rendered. Changes nothing.

        Raises:
            ReleaseRefused: a service does not exist, or the environment before has not run these images well.
            ImageRefused: an image is not in the registry.
        """
        before = self.environment.after
        if before and not record.ran_well(self.clients, self.bucket, before, self.images):
            raise ReleaseRefused(
                f"{self.environment.name}: the newest release of {before} is not of these images, or did not stay. "
                f"Release to {before} first. Nothing was changed."
            )
        self.images.check_pushed(self.clients)
        rendered = {}
        for name, service in self._services().items():
            definition = task_definition.current(self.clients, service["taskDefinition"])
            rendered[name] = task_definition.render(definition, self.images)
        return rendered

    def run(self) -> Release:
        """Release, and go back when it does not work.

        Returns:
            The record, which is on S3.

        Raises:
            ReleaseFailed: it did not work; the record says how it ended.
        """
        plan = self.plan()
        try:
            self._migrate()
            self._move(plan)
            self._wait({move.service: move.new for move in self.moves})
            self.probes = self.smoke()
            failed = [probe for probe in self.probes if not probe.ok]
            reason = "; ".join(f"{probe.name}: {probe.said}" for probe in failed)
        except BankMarketingError as error:
            reason = str(error)
        if reason:
            return self._back(reason)
        return self._keep("deployed")

    def _services(self) -> dict[str, dict[str, Any]]:
        """The environment's services, in their order. Raises ReleaseRefused: one does not exist."""
        cluster, names = self.environment.cluster, list(self.environment.order)
        with told(f"reading the services of {cluster}"):
            found = self.clients.ecs.describe_services(cluster=cluster, services=names)["services"]
        active = {service["serviceName"]: service for service in found if service["status"] == "ACTIVE"}
        missing = [name for name in names if name not in active]
        if missing:
            raise ReleaseRefused(
                f"the cluster {cluster} has no service {', '.join(missing)}: `python -m scripts.deploy stacks {self.environment.name}` "
                "makes them. Nothing was changed."
            )
        return {name: active[name] for name in names}

    def _migrate(self) -> None:
        """Run the environment's job on the new image before anything is moved: databases first."""
        if self.environment.job:
            definition = task_definition.current(self.clients, f"{self.environment.cluster}-{self.environment.job}")
            arn = task_definition.register(self.clients, task_definition.render(definition, self.images))
            model = next(iter(self._services().values()))
            run_job(self.clients, self.environment, arn, model.get("networkConfiguration", {}))

    def _move(self, plan: dict[str, dict[str, Any]]) -> None:
        services = self._services()
        for name, definition in plan.items():
            former = services[name]["taskDefinition"]
            new = task_definition.register(self.clients, definition)
            self.moves.append(Move(service=name, former=former, new=new))  # before the update: what is half done is undone too
            self._update(name, new)
            log.info("%s: %s -> %s", name, short(former), short(new))

    def _update(self, name: str, definition: str) -> None:
        with told(f"moving the service {name} to {short(definition)}"):
            self.clients.ecs.update_service(cluster=self.environment.cluster, service=name, taskDefinition=definition)

    def _wait(self, wanted: dict[str, str]) -> None:
        """Wait until every service runs the wanted task definition, and only it.

        Raises:
            ReleaseFailed: not in time, or ECS's circuit breaker has given up.
        """
        deadline = time.monotonic() + self.environment.stable_seconds
        while True:
            states = {name: _state(service, wanted[name]) for name, service in self._services().items() if name in wanted}
            broken = {name: said for name, (state, said) in states.items() if state == "broken"}
            if broken:
                raise ReleaseFailed("; ".join(f"{name}: {said}" for name, said in broken.items()))
            waiting = {name: said for name, (state, said) in states.items() if state == "waiting"}
            if not waiting:
                return
            if time.monotonic() > deadline:
                raise ReleaseFailed(
                    f"not stable after {self.environment.stable_seconds:.0f} s: "
                    + "; ".join(f"{name}: {said}" for name, said in waiting.items())
                )
            time.sleep(POLL_SECONDS)

    def _back(self, reason: str) -> Release:
        """Move every service back. Always raises ReleaseFailed, with the record's place."""
        if not self.moves:
            release = self._keep("failed", reason)
            raise ReleaseFailed(f"{reason}. No service was moved. Record: {record.key_of(release)}")
        log.warning("rolling back: %s", reason)
        probes: list[Probe] = []
        try:
            for move in reversed(self.moves):
                self._update(move.service, move.former)
            self._wait({move.service: move.former for move in self.moves})
            probes = self.smoke()
        except BankMarketingError as error:
            release = self._keep("failed", f"{reason}; and the way back did not work: {error}", probes)
            raise ReleaseFailed(f"{release.reason}. Look at the cluster now. Record: {record.key_of(release)}") from error
        release = self._keep("rolled back", reason, probes)
        well = "answers" if all(probe.ok for probe in probes) else "DOES NOT PASS THE SMOKE TEST EITHER: look at it now"
        raise ReleaseFailed(
            f"{reason}. Rolled back: the former task definitions run again, and the service {well}. Record: {record.key_of(release)}"
        )

    def _keep(self, outcome: Outcome, reason: str = "", after: list[Probe] | None = None) -> Release:
        release = Release(
            release_id=f"{self.started_at:%Y%m%dT%H%M%S.%fZ}-{self.commit[:12]}",
            environment=self.environment.name,
            commit=self.commit,
            who=self.who,
            started_at=self.started_at,
            ended_at=datetime.now(UTC),
            images=self.images,
            moves=tuple(move.model_copy(update={"former": short(move.former), "new": short(move.new)}) for move in self.moves),
            probes=tuple(self.probes),
            probes_after_rollback=tuple(after or ()),
            outcome=outcome,
            reason=reason,
        )
        self.ended = release
        log.info("record: %s", record.keep(self.clients, self.bucket, release))
        return release


def _state(service: dict[str, Any], wanted: str) -> tuple[str, str]:
    """Whether a service is `stable` on a task definition, `waiting`, or `broken`; and the words for it."""
    primary = next((entry for entry in service["deployments"] if entry["status"] == "PRIMARY"), None)
    if primary is None or primary["taskDefinition"] != wanted:
        running = short(primary["taskDefinition"]) if primary else "nothing"
        return "broken", f"ECS went back to {running}: the new tasks did not become healthy ({_last_event(service)})"
    if primary.get("rolloutState") == "FAILED":
        return "broken", primary.get("rolloutStateReason", "the rollout failed")
    if len(service["deployments"]) == 1 and service["runningCount"] == service["desiredCount"]:
        return "stable", ""
    return "waiting", f"{service['runningCount']} of {service['desiredCount']} tasks run ({_last_event(service)})"


def _last_event(service: dict[str, Any]) -> str:
    events = service.get("events") or []
    return str(events[0]["message"]) if events else "no event"
