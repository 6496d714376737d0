"""Two lines in `.env`, and tasks are shared by Celery workers: the training DAG on two of them, from a queue in Redis."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import pytest

from tests.compose.stack import Stack

log = logging.getLogger(__name__)

DAG, RUN = "bank_marketing_training", "celery-test"


@pytest.fixture(scope="module")
def shared(stack: Stack) -> Iterator[Stack]:
    """The stack with workers, as the documentation asks for them; without them again at the end."""
    before = stack.dotenv.read_text(encoding="utf-8")
    stack.dotenv.write_text(f"{before}COMPOSE_PROFILES=celery\nPLATFORM_EXECUTOR=CeleryExecutor\n", encoding="utf-8")
    try:
        _, seconds = stack.up()
        log.info("make up with the profile celery: %.0f s", seconds)
        yield stack
    finally:
        stack.compose("--profile", "celery", "rm", "--stop", "--force", "airflow-worker", "redis")
        stack.dotenv.write_text(before, encoding="utf-8")


def test_two_workers_wait_at_a_queue_that_asks_for_a_password(shared: Stack) -> None:
    workers = [each for each in shared.containers() if each["Service"] == "airflow-worker"]
    assert [each["Health"] for each in workers] == ["healthy", "healthy"]
    refused = shared.inside("redis", "sh", "-c", "redis-cli ping 2>&1 || true")
    assert "NOAUTH" in refused
    assert shared.inspect()["redis"]["HostConfig"]["PortBindings"] in ({}, None)


def test_the_training_dag_is_green_on_them(shared: Stack) -> None:
    started = time.perf_counter()
    states = shared.run_dag(DAG, RUN, {"as_of": "2010-06-30", "promote": "no"})
    log.info("the training DAG on Celery workers: %.0f s", time.perf_counter() - started)
    assert set(states.values()) == {"success"}
    ran = shared.airflow("GET", f"/dags/{DAG}/dagRuns/{RUN}/taskInstances")["task_instances"]
    workers = {each["ID"][:12] for each in shared.containers() if each["Service"] == "airflow-worker"}
    assert {task["hostname"] for task in ran if task["state"] == "success"} <= workers, "none in the scheduler's container"


def test_their_logs_are_read_in_the_ui(shared: Stack) -> None:
    told = shared.airflow("GET", f"/dags/{DAG}/dagRuns/{RUN}/taskInstances/train_model/logs/1", params={"full_content": True})
    assert "trained" in str(told["content"])
