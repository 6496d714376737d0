"""A container's health check says in one line what is wrong: run as Docker runs it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from scripts.environment import PROJECT

PROBE = PROJECT / "deploy" / "docker" / "probe.py"


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        ((), {}, "no probe ''; there are api-server, scheduler"),
        (("cook",), {"BANK_PROBE": "api"}, "no probe 'cook'"),
        ((), {"BANK_PROBE": "celery-worker"}, "celery-worker: this container has no AIRFLOW__CELERY__BROKER_URL"),
        ((), {"BANK_PROBE": "scheduler"}, "scheduler: this container has no AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"),
    ],
)
def test_an_unwell_container_says_why_in_one_line(arguments: tuple[str, ...], environment: dict[str, str], said: str) -> None:
    """The wrong image behind a service is not mistaken for a probe that there is not."""
    done = subprocess.run(
        [sys.executable, str(PROBE), *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(said), done.stderr
    assert done.stderr.count("\n") == 1
