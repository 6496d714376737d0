"""The containers as a user has them, under a project name, ports and secrets of their own: nobody's data are touched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import httpx
from botocore import UNSIGNED
from botocore.config import Config

from scripts.compose_addresses import PORTS, PROXY
from scripts.compose_secrets import read
from scripts.environment import PROJECT
from tests.support.mlflow_server import free_port

NAME = "bank-marketing-test"

#: A user that no image knows.
ANY_UID = "12345"


class Stack:
    """The containers of `docker-compose.yaml`, seen from the machine they run on."""

    def __init__(self, folder: Path) -> None:
        self.told = ""
        self.dotenv = folder / ".env"
        self.ports = {name: free_port() for name in PORTS | PROXY}
        self.write_dotenv()
        self.environment = dict(os.environ) | {"COMPOSE_PROJECT_NAME": NAME, "COMPOSE_ENV_FILES": str(self.dotenv)}

    def write_dotenv(self) -> None:
        """What a user might have in `.env` before the first start."""
        mine = {name: str(port) for name, port in self.ports.items()} | {"PLATFORM_UID": ANY_UID}
        self.dotenv.write_text("".join(f"{name}={value}\n" for name, value in mine.items()))

    # --- what a user types

    def up(self) -> tuple[str, float]:
        """`make up`: what it printed, and its seconds."""
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "scripts.compose_up"],
            cwd=PROJECT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
        return done.stdout + done.stderr, time.perf_counter() - started

    def compose(self, *words: str, **variables: str) -> str:
        """A docker compose command, which must succeed."""
        code, told = self.try_compose(*words, **variables)
        assert code == 0, f"docker compose {' '.join(words)}: {told[-4000:]}"
        return told

    def try_compose(self, *words: str, **variables: str) -> tuple[int, str]:
        """Exit code and output of a docker compose command; errors' words where it failed."""
        env = self.environment | variables
        done = subprocess.run(["docker", "compose", *words], cwd=PROJECT, env=env, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + (done.stderr if done.returncode else "")

    def inside(self, service: str, *command: str) -> str:
        """What a command prints in a running container of the service."""
        return self.compose("exec", "--no-TTY", service, *command)

    # --- what the engine knows

    def containers(self) -> list[dict[str, Any]]:
        """All containers, one-shot steps included."""
        return [json.loads(line) for line in self.compose("ps", "--all", "--format", "json").splitlines()]

    def docker(self, *words: str) -> str:
        """What a docker command prints."""
        return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout

    def everything_inspected(self) -> str:
        """All that the engine tells of all containers of the stack, past one-shot ones included, as text."""
        ids = [container["ID"] for container in self.containers()]
        return self.docker("inspect", *ids)

    def ids(self) -> dict[str, str]:
        """Each service's container."""
        return {each["Service"]: each["ID"] for each in self.containers()}

    def inspect(self) -> dict[str, dict[str, Any]]:
        """What `docker inspect` tells, by service (of a scaled one, the last)."""
        ids = [container["ID"] for container in self.containers()]
        found = json.loads(self.docker("inspect", *ids))
        return {each["Config"]["Labels"]["com.docker.compose.service"]: each for each in found}

    def unwell(self) -> dict[str, str]:
        """Services that are not as they should be: a step that did not end with 0, a server that is not healthy."""
        return {
            each["Service"]: each["Status"]
            for each in self.containers()
            if not (each["Health"] == "healthy" if each["State"] == "running" else each["ExitCode"] == 0)
        }

    def wait(self, ask: Callable[[], Any], seconds: float, what: str) -> Any:
        """The first true answer of `ask`; servers that are starting may refuse it."""
        deadline, last = time.monotonic() + seconds, ""
        while time.monotonic() < deadline:
            try:
                if answer := ask():
                    return answer
            except (httpx.HTTPError, ValueError) as error:
                last = str(error)
            time.sleep(2)
        raise TimeoutError(f"{what}: not within {seconds:.0f} s ({last}); unwell: {self.unwell()}")

    def wait_until_well(self, seconds: float = 300) -> None:
        """Wait until every container is healthy."""
        self.wait(lambda: not self.unwell(), seconds, "all healthy")

    # --- what its users see

    @property
    def secrets(self) -> dict[str, str]:
        """What `make up` wrote."""
        return read(self.dotenv)

    def url(self, port: str) -> str:
        """Address of a published port."""
        return f"http://localhost:{self.ports[port]}"

    @cached_property
    def http(self) -> httpx.Client:
        """A client without any right."""
        return httpx.Client(timeout=60)

    def airflow(self, method: str, path: str, **arguments: Any) -> Any:
        """Call Airflow's REST API as its user."""
        base = self.url("PLATFORM_AIRFLOW_PORT")
        who = {"username": "admin", "password": self.secrets["PLATFORM_ADMIN_PASSWORD"]}
        token = self.http.post(f"{base}/auth/token", json=who).raise_for_status().json()["access_token"]
        answer = self.http.request(method, f"{base}/api/v2{path}", headers={"Authorization": f"Bearer {token}"}, **arguments)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:2000]}"
        return answer.json()

    def run_dag(self, dag_id: str, run_id: str, conf: dict[str, Any], seconds: float = 1800) -> dict[str, str]:
        """Trigger a DAG by REST and wait for its end; the state of each task."""
        self.start_dag(dag_id, run_id, conf)
        return self.wait_for_dag(dag_id, run_id, seconds)

    def start_dag(self, dag_id: str, run_id: str, conf: dict[str, Any]) -> None:
        """Trigger a DAG by REST."""
        self.wait(lambda: dag_id in self.dags(), 180, f"the DAG {dag_id} is parsed")
        self.airflow("PATCH", f"/dags/{dag_id}", json={"is_paused": False})
        self.airflow("POST", f"/dags/{dag_id}/dagRuns", json={"dag_run_id": run_id, "logical_date": None, "conf": conf})

    def wait_for_dag(self, dag_id: str, run_id: str, seconds: float = 1800) -> dict[str, str]:
        """The state of each task of a run that has ended."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}"
        self.wait(lambda: self.airflow("GET", path)["state"] in ("success", "failed"), seconds, f"{dag_id} has ended")
        return self.task_states(dag_id, run_id)

    def runs(self, dag_id: str, *states: str) -> dict[str, str]:
        """State of each run of a DAG; of those in one of the states, where some are named."""
        found = self.airflow("GET", f"/dags/{dag_id}/dagRuns")["dag_runs"]
        return {run["dag_run_id"]: run["state"] for run in found if not states or run["state"] in states}

    def task_states(self, dag_id: str, run_id: str) -> dict[str, str]:
        """State of each task of a run."""
        found = self.airflow("GET", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
        return {task["task_id"]: task["state"] for task in found}

    def dags(self) -> set[str]:
        """The DAGs that Airflow has parsed."""
        return {dag["dag_id"] for dag in self.airflow("GET", "/dags")["dags"]}

    def api(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Call the service with the key that `make up` made."""
        key = {"Authorization": f"Bearer {self.secrets['PLATFORM_API_KEY']}"}
        return self.http.request(method, f"{self.url('PLATFORM_API_PORT')}{path}", headers=key, **arguments)

    def put_into_production(self) -> None:
        """Whatever the gates decided: let the first version be in production, where none is. The containers are on trial, not the model."""
        alias, said = "registered-models/alias", {"name": "bank_marketing", "alias": "production"}
        url = f"{self.url('PLATFORM_MLFLOW_PORT')}/api/2.0/mlflow/{alias}"
        who = ("admin", self.secrets["PLATFORM_MLFLOW_PASSWORD"])
        if self.http.get(url, params=said, auth=who).status_code != 200:
            self.http.post(url, json=said | {"version": "1"}, auth=who).raise_for_status()

    def spark(self) -> dict[str, Any]:
        """What the Spark master tells about workers and applications."""
        found: dict[str, Any] = self.http.get(f"{self.url('PLATFORM_SPARK_PORT')}/json/").raise_for_status().json()
        return found

    def mails(self) -> list[dict[str, Any]]:
        """What lies in the mailbox."""
        found: list[dict[str, Any]] = self.http.get(f"{self.url('PLATFORM_MAIL_PORT')}/api/email").raise_for_status().json()
        return found

    def s3(self, key: str = "PLATFORM_S3") -> Any:
        """A client of the S3 store with one of the keys; with none, a stranger's."""
        secrets = self.secrets
        keys = (
            {"aws_access_key_id": secrets[f"{key}_ACCESS_KEY"], "aws_secret_access_key": secrets[f"{key}_SECRET_KEY"]}
            if key
            else {}
        )
        config = Config(signature_version=None if key else UNSIGNED, retries={"total_max_attempts": 2})
        return boto3.client("s3", endpoint_url=self.url("PLATFORM_S3_PORT"), region_name="us-east-1", config=config, **keys)

    def objects(self, bucket: str = "bank-marketing", key: str = "PLATFORM_S3") -> set[str]:
        """Keys of all objects of a bucket."""
        pages: Iterable[dict[str, Any]] = self.s3(key).get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {each["Key"] for page in pages for each in page.get("Contents", [])}
