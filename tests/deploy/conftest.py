"""One account for all of these tests, with the stacks of both environments; a healthy service and one without a model."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from botocore.config import Config

from scripts.deploy import aws, stacks
from scripts.deploy.aws import Clients
from scripts.deploy.images import Images
from tests.deploy.commands import done, set_up
from tests.support.aws import FIXED, REGION, Account, answers, aws_endpoint
from tests.support.mlflow_server import free_port
from tests.support.served import CHOICES, Platform, Running, running


@pytest.fixture(scope="package")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with pytest.MonkeyPatch.context() as patched, aws_endpoint(tmp_path_factory.mktemp("aws")) as url:
        for name, value in FIXED.items():
            patched.setenv(name, value)
        patched.setenv("AWS_ENDPOINT_URL", url)
        patched.delenv("AWS_PROFILE", raising=False)
        # The endpoint makes a stack while the request waits: on a busy machine that takes longer than AWS's answer would.
        patched.setattr(aws, "CONFIG", aws.CONFIG.merge(Config(read_timeout=600)))
        made = Account(url, Clients(REGION))
        patched.setenv("DEPLOY_PARAMETERS", json.dumps(made.parameters()))
        patched.setattr(stacks, "POLL_SECONDS", 0.2)
        yield made


@pytest.fixture(scope="package")
def first(account: Account) -> Images:
    """The registry, and staging with its services on a first build."""
    done("stacks", "staging", "--part", "registry")
    images = account.push("first")
    set_up(account, "staging", images)
    return images


@pytest.fixture(scope="package")
def production(account: Account, first: Images) -> None:
    """Production, on the same build."""
    set_up(account, "production", first)


@pytest.fixture(scope="session")
def well(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, str]]:
    """A real service with a model, and a key to it."""
    platform = Platform(tmp_path_factory.mktemp("well"))
    platform.promote(platform.train("one", CHOICES[0]))
    key = platform.key("smoke")
    with running(platform) as server:
        yield server, key


@pytest.fixture(scope="session")
def without_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A real service that has no model to predict with; a process of its own, since MLflow knows one registry a process."""
    home, port = tmp_path_factory.mktemp("without"), free_port()
    command = [sys.executable, "-c", "from bank_marketing.cli import app; app()", "serve", "--port", str(port)]
    with (home / "serve.log").open("w") as stream:
        process = subprocess.Popen(
            command, env=os.environ | {"BANK_HOME": str(home)}, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        deadline = time.monotonic() + 240
        while not answers(f"http://127.0.0.1:{port}/healthz"):
            assert process.poll() is None, (home / "serve.log").read_text()
            assert time.monotonic() < deadline, (home / "serve.log").read_text()
            time.sleep(0.2)
        yield Running(f"http://127.0.0.1:{port}", None)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
