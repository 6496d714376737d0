"""Platforms of the service's tests: one with two models, an empty one, and one that lived through nights; browsers before them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from playwright.sync_api import Browser

from bank_marketing.campaign import open_campaign
from bank_marketing.monitoring import decision
from bank_marketing.monitoring.decision import Decision, DecisionRecord, WindowVerdict
from tests.scoring.small_lists import COMING, land_list, score, with_bad_row
from tests.support.browser import DESK, Visit, launched
from tests.support.landed import contact
from tests.support.served import CHOICES, Platform, Running, running
from tests.support.small_run import DAYS, LAST, run_small, small_settings


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


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory, spark: object) -> Platform:
    """A platform that trained, scored two nights (the outcomes of the first are known) and decided about retraining."""
    home = tmp_path_factory.mktemp("lived")
    settings = small_settings(home)
    platform = Platform(home, open_campaign(settings).economics)
    run_small(home)
    land_list(settings.landing, [contact(9000 + number, LAST, job="retired") for number in range(40)], LAST)
    land_list(settings.landing, with_bad_row(COMING))
    score(settings, "night before", DAYS[-2])
    score(settings, "night")
    record = DecisionRecord(
        at=datetime.now(UTC),
        as_of=LAST,
        run="test_drift/evening",
        model_version=1,
        window=WindowVerdict(last_day=LAST, enough=True, violates=True, reasons=("job has drifted",)),
        decision=Decision(retrain=False, reason="1 of the last 3 windows violate, 2 are needed", violating=1, windows=3),
        numbers={"drift": {"columns": [_column("job", 0.4), _column("age", 0.1)]}},
    )
    decision.write(platform.context("log").store, record)
    return platform


def _column(name: str, distance: float) -> dict[str, object]:
    return {
        "column": name,
        "method": "psi",
        "statistic": distance,
        "threshold": 0.25,
        "drifted": distance > 0.25,
        "weight": "decides",
    }


@pytest.fixture(scope="session")
def served_lived(lived: Platform) -> Iterator[Running]:
    with running(lived) as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for one module: its event loop must not be there when other tests start theirs."""
    with launched() as made:
        yield made


@pytest.fixture
def visit(browser: Browser, served: Running, key: str) -> Iterator[Visit]:
    """An analyst who is signed in, at a desk. Whatever the test looks at, nothing may come from elsewhere or break the policy."""
    with browser.new_context(viewport=DESK) as context:
        made = Visit(context, served.url)
        made.sign_in(key)
        yield made
        assert (made.complaints, made.elsewhere) == ([], [])
