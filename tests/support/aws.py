"""A local endpoint of the AWS API (moto's server, as a process of its own), and an account in it."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from scripts.deploy.aws import Clients
from scripts.deploy.environment import Environment, load_environment
from scripts.deploy.images import Images, repository_of
from scripts.environment import PROJECT
from tests.support.mlflow_server import free_port

REGION = "eu-central-1"

#: What the deployment's own variables and AWS's are for such an endpoint; its tasks count as running as soon as a service wants one.
FIXED = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}


@contextmanager
def aws_endpoint(folder: Path) -> Iterator[str]:
    """Run the server; gives its address."""
    port = free_port()
    command = [sys.executable, "-m", "tests.support.moto_ecs", "-H", "127.0.0.1", "-p", str(port)]
    log = folder / "moto.log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            command, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True, cwd=PROJECT,
            env=os.environ | FIXED | {"MOTO_ECS_SERVICE_RUNNING": "1"},
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 240
        while not answers(f"{url}/moto-api/"):
            assert process.poll() is None, log.read_text()[-3000:]
            assert time.monotonic() < deadline, log.read_text()[-3000:]
            time.sleep(0.2)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answers(url: str) -> bool:
    """Whether someone answers at all."""
    try:
        httpx.get(url, timeout=5)
    except httpx.TransportError:
        return False
    return True


@dataclass(frozen=True)
class Account:
    """An account with a network, at that endpoint."""

    url: str
    clients: Clients

    def parameters(self) -> dict[str, str]:
        """What an operator states of the account."""
        vpc = self._ec2("describe_vpcs")["Vpcs"][0]["VpcId"]
        subnets = [subnet["SubnetId"] for subnet in self._ec2("describe_subnets")["Subnets"] if subnet["VpcId"] == vpc]
        return {
            "VpcId": vpc,
            "PrivateSubnets": ",".join(subnets[:2]),
            "ClientCidr": "10.0.0.0/8",
            "DomainName": "bank-marketing.bank.example",
            "CertificateArn": self.certificate,
            "MailFrom": "airflow@bank.example",
            "MailTo": "marketing@bank.example",
            "AlarmMail": "oncall@bank.example",
            "GitHubRepository": "bank/marketing",
            "ApiCount": "1",  # each service has one running task at this endpoint
            "GitHubOidcProviderArn": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com",
        }

    @cached_property
    def certificate(self) -> str:
        """The load balancer's certificate; the endpoint knows whether there is one."""
        import boto3

        acm = boto3.client("acm", region_name=REGION)
        return str(acm.request_certificate(DomainName="bank-marketing.bank.example")["CertificateArn"])

    def make_secrets(self, environment: Environment) -> None:
        """What the platform stack makes on AWS and moto's CloudFormation does not know: secrets."""
        for place in ("airflow", "api", "mlflow", "smoke"):
            self.clients.secrets.create_secret(Name=f"bank-marketing/{environment.name}/{place}")
        password = {"username": "bank", "password": "p/w+1"}
        self.clients.secrets.create_secret(
            Name=f"bank-marketing/{environment.name}/database", SecretString=json.dumps(password)
        )

    def push(self, build: str) -> Images:
        """Put a build's images into the registry, as a push does."""
        images = {}
        for target in ("airflow", "api", "mlflow"):
            manifest = json.dumps(
                {
                    "schemaVersion": 2,
                    "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
                    "config": {
                        "mediaType": "application/vnd.docker.container.image.v1+json",
                        "size": 1,
                        "digest": f"sha256:{hashlib.sha256(f'{build} {target}'.encode()).hexdigest()}",
                    },
                    "layers": [],
                }
            )
            digest = f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"
            self.clients.ecr.put_image(
                repositoryName=f"bank-marketing/{target}", imageManifest=manifest, imageTag=build, imageDigest=digest
            )
            images[target] = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/bank-marketing/{target}@{digest}"
        return Images(images)

    def running(self, environment: Environment, service: str) -> str:
        """The image that a service's task definition names."""
        found = self.clients.ecs.describe_services(cluster=environment.cluster, services=[service])["services"][0]
        definition = self.clients.ecs.describe_task_definition(taskDefinition=found["taskDefinition"])["taskDefinition"]
        return str(definition["containerDefinitions"][0]["image"])

    def all_running(self, environment: Environment) -> dict[str, str]:
        """Repository's last name -> image, over all services."""
        images = [self.running(environment, service) for service in environment.order]
        return {repository_of(image).rpartition("/")[2]: image for image in images}

    def mails(self) -> list[dict[str, Any]]:
        """What was sent, oldest first. The endpoint tells it with all else it knows, which takes seconds."""
        sent: list[dict[str, Any]] = httpx.get(f"{self.url}/moto-api/data.json", timeout=120).json()["ses"]["Message"]
        return sent

    def _ec2(self, operation: str) -> Any:
        import boto3

        return getattr(boto3.client("ec2", region_name=REGION), operation)()


def quick(name: str) -> Environment:
    """An environment as the repository has it, with a test's patience."""
    return load_environment(name).model_copy(update={"stable_seconds": 20.0, "smoke_seconds": 2.0})
