"""Releases on a real endpoint of the AWS API, with a real service behind the address that the smoke test asks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scripts.deploy import job, record, release, stacks, task_definition
from scripts.deploy.environment import Environment
from scripts.deploy.errors import ImageRefused, ReleaseFailed, ReleaseRefused
from scripts.deploy.images import Images
from scripts.deploy.release import Releasing
from scripts.smoke_test import Probe, probe
from tests.support.aws import Account, quick
from tests.support.served import Running

#: The endpoint starts, makes its stacks and a model in the first test that needs them; on a busy machine that takes minutes.
pytestmark = pytest.mark.timeout(900)


STAGING, PRODUCTION = quick("staging"), quick("production")


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "POLL_SECONDS", 0.1)
    monkeypatch.setattr(job, "POLL_SECONDS", 0.1)


@pytest.fixture
def bucket(account: Account, first: Images) -> str:
    return stacks.outputs(account.clients, "bank-marketing-registry")["RecordBucket"]


class Address:
    """The service's address: leads to the service without a model while the API runs one of the `broken` images."""

    def __init__(self, account: Account, environment: Environment, well: tuple[Running, str], broken: Running) -> None:
        self.account, self.environment, self.well, self.without_model = account, environment, well, broken
        self.broken: set[str] = set()

    def smoke(self) -> list[Probe]:
        image = self.account.running(self.environment, "api")
        server = self.without_model if image in self.broken else self.well[0]
        return probe(server.url, self.well[1], patience=1.0)


@pytest.fixture
def at(account: Account, well: tuple[Running, str], without_model: Running) -> Any:
    return lambda environment: Address(account, environment, well, without_model)


def releasing(account: Account, address: Address, images: Images, bucket: str, commit: str) -> Releasing:
    return Releasing(address.environment, images, account.clients, address.smoke, commit, "tester", bucket)


def kept(account: Account, bucket: str, made: record.Release | None) -> record.Release:
    assert made is not None
    body = account.clients.s3.get_object(Bucket=bucket, Key=record.key_of(made))["Body"].read()
    return record.Release.model_validate_json(body)


def test_a_release_moves_every_service_to_the_digests_and_keeps_the_rest(
    account: Account, first: Images, bucket: str, at: Any
) -> None:
    before = {name: account.running(STAGING, name) for name in STAGING.order}
    second = account.push("second")
    done = releasing(account, at(STAGING), second, bucket, "2" * 40).run()
    assert done.outcome == "deployed"
    assert [move.service for move in done.moves] == list(STAGING.order)
    assert account.all_running(STAGING) == second.root
    assert set(before.values()) == set(first.root.values())
    assert all(found.ok for found in done.probes)
    assert [found.name for found in done.probes] == ["alive", "ready", "guarded", "predicts"]
    assert kept(account, bucket, done) == done
    new = task_definition.current(account.clients, done.moves[-1].new)["containerDefinitions"][0]
    former = task_definition.current(account.clients, done.moves[-1].former)["containerDefinitions"][0]
    assert new == former | {"image": second.root["api"]}
    ran = account.clients.ecs.list_tasks(cluster=STAGING.cluster, startedBy="deploy")["taskArns"]
    task = account.clients.ecs.describe_tasks(cluster=STAGING.cluster, tasks=ran)["tasks"][0]
    assert "migrate" in task["taskDefinitionArn"]


def test_a_failing_smoke_test_brings_the_former_task_definitions_back(account: Account, bucket: str, at: Any) -> None:
    address = at(STAGING)
    was = {
        service["serviceName"]: service["taskDefinition"]
        for service in account.clients.ecs.describe_services(cluster=STAGING.cluster, services=list(STAGING.order))["services"]
    }
    bad = account.push("bad")
    address.broken.add(bad.root["api"])
    attempt = releasing(account, address, bad, bucket, "b" * 40)
    with pytest.raises(ReleaseFailed, match=r"ready: .*503.*Rolled back.*answers"):
        attempt.run()
    now = account.clients.ecs.describe_services(cluster=STAGING.cluster, services=list(STAGING.order))["services"]
    assert {service["serviceName"]: service["taskDefinition"] for service in now} == was
    told = kept(account, bucket, attempt.ended)
    assert told.outcome == "rolled back"
    assert [found.ok for found in told.probes] == [True, False]
    assert all(found.ok for found in told.probes_after_rollback)
    assert not record.ran_well(account.clients, bucket, "staging", bad)


def test_a_service_that_does_not_recover_is_said_loudly(account: Account, bucket: str, at: Any) -> None:
    address = at(STAGING)
    address.broken |= {account.running(STAGING, "api")}
    worse = account.push("worse")
    address.broken.add(worse.root["api"])
    with pytest.raises(ReleaseFailed, match="DOES NOT PASS THE SMOKE TEST EITHER"):
        releasing(account, address, worse, bucket, "c" * 40).run()


def test_production_takes_only_what_staging_ran_well(account: Account, production: None, bucket: str, at: Any) -> None:
    third = account.push("third")
    with pytest.raises(ReleaseRefused, match="Release to staging first"):
        releasing(account, at(PRODUCTION), third, bucket, "3" * 40).run()
    assert third.root["api"] not in account.all_running(PRODUCTION).values()
    releasing(account, at(STAGING), third, bucket, "3" * 40).run()
    done = releasing(account, at(PRODUCTION), third, bucket, "3" * 40).run()
    assert done.outcome == "deployed"
    assert account.all_running(PRODUCTION) == third.root


def test_an_image_that_was_never_pushed_changes_nothing(account: Account, first: Images, bucket: str, at: Any) -> None:
    running = account.all_running(STAGING)
    unknown = Images({target: uri.partition("@")[0] + "@sha256:" + "f" * 64 for target, uri in first.root.items()})
    with pytest.raises(ImageRefused, match="not in the registry"):
        releasing(account, at(STAGING), unknown, bucket, "f" * 40).run()
    assert account.all_running(STAGING) == running


def test_ecs_going_back_by_itself_is_a_failed_release() -> None:
    """The circuit breaker's own rollback leaves a stable service: on the wrong task definition."""
    arn = "arn:aws:ecs:eu-central-1:123456789012:task-definition/"
    service = {
        "desiredCount": 1,
        "runningCount": 1,
        "events": [{"message": "tasks failed to start"}],
        "deployments": [{"status": "PRIMARY", "taskDefinition": arn + "api:1", "rolloutState": "COMPLETED"}],
    }
    assert release._state(service, arn + "api:1") == ("stable", "")
    state, said = release._state(service, arn + "api:2")
    assert state == "broken"
    assert "went back to api:1" in said
    assert "tasks failed to start" in said


def test_a_job_that_ends_with_an_error_stops_before_anything_moves(
    account: Account, bucket: str, at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The endpoint's tasks always end well, so the answer about this one is altered on its way."""
    really = job._wait

    def failing(*arguments: Any) -> dict[str, Any]:
        task = really(*arguments)
        return task | {"containers": [{"name": "migrate", "exitCode": 1}], "stoppedReason": "Essential container exited"}

    monkeypatch.setattr(job, "_wait", failing)
    running = account.all_running(STAGING)
    attempt = releasing(account, at(STAGING), account.push("unmigrated"), bucket, "d" * 40)
    with pytest.raises(ReleaseFailed, match=r"migrate.*No service was moved"):
        attempt.run()
    assert account.all_running(STAGING) == running
    assert kept(account, bucket, attempt.ended).outcome == "failed"


def test_records_are_json_that_others_can_read(account: Account, first: Images, bucket: str, at: Any) -> None:
    again = releasing(account, at(STAGING), first, bucket, "e" * 40).run()
    listed = {
        entry["Key"] for entry in account.clients.s3.list_objects_v2(Bucket=bucket, Prefix="releases/staging/")["Contents"]
    }
    assert record.key_of(again) in listed
    for key in listed:
        content = json.loads(account.clients.s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        assert content["outcome"] in ("deployed", "rolled back", "failed")
