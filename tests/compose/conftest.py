"""The stack, started once for all tests of this folder and removed with its volumes at the end."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.compose.stack import Stack

log = logging.getLogger(__name__)
logging.getLogger("httpx").setLevel(logging.WARNING)  # a line for each of thousands of questions


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/compose" in item.path.as_posix():
            item.add_marker(pytest.mark.compose)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Built from this checkout, up and healthy."""
    stack = Stack(tmp_path_factory.mktemp("compose"))
    stack.compose("--profile", "*", "down", "--volumes", "--remove-orphans")
    try:
        told, seconds = stack.up()
        log.info("make up on empty volumes: %.0f s", seconds)
        stack.told = told
        if '"archive"' not in stack.inside("api", "cat", "/var/lib/bank/landing/SOURCE.json"):
            pytest.fail("the synthetic campaign landed, for which no model is promoted: name the real one with BANK_ARCHIVE")
        yield stack
    finally:
        stack.compose("--profile", "*", "down", "--volumes", "--remove-orphans")


@pytest.fixture(scope="session")
def trained(stack: Stack) -> dict[str, str]:
    """The training DAG, run once on the real campaign: the state of each task."""
    tasks = stack.run_dag("bank_marketing_training", "compose-test", {"as_of": "2010-06-30"})
    stack.put_into_production()
    return tasks
