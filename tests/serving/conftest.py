"""One platform with version 1 in production and version 2 registered, and one server in front of it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.support.served import CHOICES, Platform, Running, running


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    made = Platform(tmp_path_factory.mktemp("platform"))
    first = made.train("one", CHOICES[0])
    made.train("two", CHOICES[1])
    made.promote(first)
    return made


@pytest.fixture(scope="session")
def key(platform: Platform) -> str:
    return platform.key()


@pytest.fixture(scope="session")
def served(platform: Platform, key: str) -> Iterator[Running]:
    with running(platform) as server:
        yield server


@pytest.fixture
def client(served: Running, key: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, headers={"X-API-Key": key}, timeout=30) as made:
        yield made


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """A platform on which nothing ran yet."""
    return Platform(tmp_path_factory.mktemp("empty"))
