"""What the templates promise, whatever they say in detail."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from bank_marketing.serving.settings import ApiSettings
from bank_marketing.settings import Settings
from scripts.deploy.environment import load_environment
from scripts.deploy.images import TARGETS
from scripts.deploy.template import MAX_BYTES, body, load_template
from scripts.environment import PROJECT

PARTS = ("registry", "platform", "services")
ENVIRONMENTS = ("staging", "production")

#: Actions without a narrower resource, as their templates say.
ANY_RESOURCE = {"ecr:GetAuthorizationToken", "ecs:DescribeTaskDefinition", "ecs:RegisterTaskDefinition"}


def resources(part: str, kind: str) -> dict[str, dict[str, Any]]:
    found = load_template(part)["Resources"]
    return {name: entry["Properties"] for name, entry in found.items() if entry["Type"] == kind}


def containers() -> list[dict[str, Any]]:
    tasks = resources("services", "AWS::ECS::TaskDefinition").values()
    return [container for task in tasks for container in task["ContainerDefinitions"]]


def statements() -> list[dict[str, Any]]:
    kinds = ("AWS::IAM::Role", "AWS::IAM::User")
    identities = [entry for part in PARTS for kind in kinds for entry in resources(part, kind).values()]
    return [said for entry in identities for policy in entry["Policies"] for said in policy["PolicyDocument"]["Statement"]]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("part", PARTS)
def test_a_template_fits_into_a_request(part: str) -> None:
    assert len(body(load_template(part))) < MAX_BYTES


def test_nobody_may_do_everything_or_anywhere() -> None:
    assert len(statements()) > 15
    for statement in statements():
        actions = listed(statement["Action"])
        assert not [action for action in actions if "*" in action], statement
        if "*" in listed(statement["Resource"]):
            assert set(actions) <= ANY_RESOURCE, statement


def test_the_pipeline_deploys_and_cannot_change_what_it_deploys_to() -> None:
    roles = {**resources("registry", "AWS::IAM::Role"), **resources("services", "AWS::IAM::Role")}
    for name in ("BuildRole", "NotifyRole", "DeployRole"):
        text = json.dumps(roles[name]["Policies"])
        actions = set(re.findall(r'"([a-z0-9-]+:[A-Za-z]+)"', text)) - {"iam:PassRole", "iam:PassedToService"}
        assert not [action for action in actions if action.startswith(("iam:", "ec2:", "rds:"))], name
        assert not {"cloudformation:UpdateStack", "cloudformation:CreateChangeSet", "s3:DeleteObject"} & actions, name
        [trust] = roles[name]["AssumeRolePolicyDocument"]["Statement"]
        [subject] = [value for key, value in trust["Condition"]["StringEquals"].items() if key.endswith(":sub")]
        assert subject["Fn::Sub"] in (
            "repo:${GitHubRepository}:ref:refs/heads/main",
            "repo:${GitHubRepository}:environment:${Environment}",
        )


def test_images_are_named_by_digest() -> None:
    parameters = load_template("services")["Parameters"]
    for target in TARGETS:
        assert "sha256" in parameters[f"{target.title()}Image"]["AllowedPattern"]
    assert {container["Image"]["Ref"] for container in containers()} == {f"{target.title()}Image" for target in TARGETS}
    bake = (PROJECT / "deploy" / "docker-bake.hcl").read_text()
    dockerfile = (PROJECT / "Dockerfile").read_text()
    for target in TARGETS:
        assert f'target "{target}"' in bake
        assert f"AS {target}\n" in dockerfile


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_release_moves_exactly_the_services_of_the_stack(name: str) -> None:
    services = {entry["ServiceName"] for entry in resources("services", "AWS::ECS::Service").values()}
    environment = load_environment(name)
    assert set(environment.order) == services
    assert len(environment.order) == len(services)
    families = {entry["Family"]["Fn::Sub"] for entry in resources("services", "AWS::ECS::TaskDefinition").values()}
    assert f"bank-marketing-${{Environment}}-{environment.job}" in families


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_an_environment_sets_only_parameters_that_exist(name: str) -> None:
    declared = {parameter for part in PARTS for parameter in load_template(part)["Parameters"]}
    assert set(load_environment(name).parameters) <= declared


def test_each_setting_that_a_task_gets_is_one_the_code_reads() -> None:
    known = {f"BANK_{name.upper()}" for name in Settings.model_fields} | {
        f"BANK_API_{name.upper()}" for name in ApiSettings.model_fields
    }
    for container in containers():
        given = {entry["Name"] for entry in [*container.get("Environment", []), *container.get("Secrets", [])]}
        assert {name for name in given if name.startswith("BANK_")} - {"BANK_PROBE"} <= known


def test_each_secret_that_a_task_gets_is_one_that_is_made() -> None:
    makes = (PROJECT / "scripts" / "deploy" / "credentials.py").read_text()
    for container in containers():
        for secret in container.get("Secrets", []):
            key = secret["ValueFrom"]["Fn::Sub"].split(":")[1]
            assert f'"{key}": ' in makes, secret
        assert not [entry for entry in container["Environment"] if re.search("PASSWORD|SECRET|FERNET", entry["Name"])]


def test_each_service_is_asked_for_its_health() -> None:
    probes = (PROJECT / "deploy" / "docker" / "probe.py").read_text()
    for container in containers():
        if container["Name"] == "migrate":
            continue
        command = container["HealthCheck"]["Command"]
        environment = {entry["Name"]: entry["Value"] for entry in container["Environment"]}
        probe = command[3] if len(command) > 3 else environment["BANK_PROBE"]
        assert command[:3] == ["CMD", "bank-entrypoint", "bank-probe"]
        assert f'"{probe}": ' in probes


def test_nothing_is_reachable_from_outside_the_bank() -> None:
    [balancer] = resources("services", "AWS::ElasticLoadBalancingV2::LoadBalancer").values()
    assert balancer["Scheme"] == "internal"
    [database] = resources("platform", "AWS::RDS::DBInstance").values()
    assert database["PubliclyAccessible"] is False
    assert database["StorageEncrypted"] is True
    for service in resources("services", "AWS::ECS::Service").values():
        assert service["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"] == "DISABLED"
        assert service["DeploymentConfiguration"]["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    for part in PARTS:
        for group in resources(part, "AWS::EC2::SecurityGroup").values():
            assert not [rule for rule in group.get("SecurityGroupIngress", []) if rule.get("CidrIp") == "0.0.0.0/0"]


@pytest.mark.parametrize("part", ["registry", "platform"])
def test_data_outlive_their_stack_and_are_closed(part: str) -> None:
    template = load_template(part)["Resources"]
    for name, entry in template.items():
        if entry["Type"] in ("AWS::S3::Bucket", "AWS::RDS::DBInstance", "AWS::EFS::FileSystem", "AWS::ECR::Repository"):
            assert entry["DeletionPolicy"] in ("Retain", "Snapshot"), name
        if entry["Type"] == "AWS::S3::Bucket":
            assert all(entry["Properties"]["PublicAccessBlockConfiguration"].values()), name
