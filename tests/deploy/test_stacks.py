"""The stacks on a real endpoint: as far as moto's CloudFormation knows the resources, and what it does not know is said in docs/cicd.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.deploy import stacks
from scripts.deploy.images import Images
from scripts.deploy.template import chosen, load_template
from tests.deploy.commands import deploy, done
from tests.support.aws import Account, quick

#: The endpoint starts, makes its stacks and a model in the first test that needs them; on a busy machine that takes minutes.
pytestmark = pytest.mark.timeout(900)


STAGING = quick("staging")


def test_a_dry_run_shows_what_would_be_made_and_makes_nothing(account: Account) -> None:
    template = load_template("registry")
    parameters = chosen(template, account.parameters())
    shown = stacks.apply(account.clients, "bank-marketing-trial", template, parameters, dry_run=True)
    assert ("Add", "AirflowRepository") in {(change.action, change.resource) for change in shown}
    assert stacks.outputs(account.clients, "bank-marketing-trial") == {}


def test_the_stacks_make_registry_data_and_services(account: Account, first: Images) -> None:
    repositories = account.clients.ecr.describe_repositories()["repositories"]
    assert {entry["repositoryName"] for entry in repositories} == {f"bank-marketing/{target}" for target in first.root}
    assert {entry["imageTagMutability"] for entry in repositories} == {"IMMUTABLE"}
    platform = stacks.outputs(account.clients, "bank-marketing-staging-platform")
    account.clients.s3.head_bucket(Bucket=platform["ArtifactBucket"])
    assert set(account.all_running(STAGING)) == set(first.root)
    found = account.clients.ecs.describe_services(cluster=STAGING.cluster, services=list(STAGING.order))
    assert [service["status"] for service in found["services"]] == ["ACTIVE"] * 6


def test_a_task_gets_its_secrets_by_name_and_never_by_value(account: Account, first: Images) -> None:
    definition = account.clients.ecs.describe_task_definition(taskDefinition=f"{STAGING.cluster}-api")["taskDefinition"]
    container = definition["containerDefinitions"][0]
    sources = {entry["name"]: entry["valueFrom"] for entry in container["secrets"]}
    secret = account.clients.secrets.describe_secret(SecretId="bank-marketing/staging/api")["ARN"]
    assert sources["BANK_API_KEY_HASHES"] == f"{secret}:key_hashes::"
    assert not {entry["name"] for entry in container["environment"]} & set(sources)


def test_a_second_time_nothing_changes_and_the_images_that_run_are_kept(account: Account, first: Images) -> None:
    running = account.all_running(STAGING)
    assert "bank-marketing-staging-services: 0 change(s)" in done("stacks", "staging", "--part", "services")
    assert account.all_running(STAGING) == running


def test_a_missing_parameter_is_named(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOY_PARAMETERS", "{}")
    told = deploy("stacks", "staging", "--part", "platform")
    assert told.exit_code == 1
    assert "VpcId, PrivateSubnets, MailFrom have no value" in told.output
    monkeypatch.setenv("DEPLOY_PARAMETERS", "VpcId=1")
    assert "must be a JSON object" in deploy("stacks", "staging", "--part", "platform").output


def test_an_unknown_environment_is_told_with_the_known_ones() -> None:
    result = deploy("stacks", "moon")
    assert result.exit_code == 1
    assert "production, staging" in result.output


def test_a_release_without_its_images_says_how_to_make_them(account: Account, first: Images, tmp_path: Path) -> None:
    told = deploy("release", "staging", "--images", str(tmp_path / "none.json"), "--commit", "1" * 40)
    assert told.exit_code == 1
    assert "does not exist" in told.output
