"""Training, scoring and monitoring on the small campaign, one after the other, with the settings of the environment.

As a module it is a process of its own: Spark gets jars and a master only when its JVM starts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.components.context import RunContext
from bank_marketing.pipelines import monitoring, run_steps, scoring, training
from bank_marketing.settings import PROJECT_DIR, Settings
from scripts import spark_jars
from tests.scoring.small_lists import COMING, land_list, with_bad_row
from tests.support.s3_server import S3Server
from tests.support.small_run import LAST, land_small

Refs = dict[str, ArtifactRef]

PIPELINES = {"training": training.STEPS, "scoring": scoring.STEPS, "monitoring": monitoring.STEPS}


def need_s3_jars() -> None:
    """Fetch what Spark needs for s3a://, or skip the test where Maven Central is not reached."""
    try:
        spark_jars.fetch()
    except spark_jars.JarsError as error:
        pytest.skip(f"Spark's jars for S3 cannot be fetched: {error}")


def land(settings: Settings) -> None:
    """The small campaign, and the call list of the coming Monday."""
    land_small(settings.landing)
    land_list(settings.landing, with_bad_row(COMING))


def run(settings: Settings, pipelines: Sequence[str], steps: Sequence[str] = ()) -> Refs:
    """Run pipelines, or the first steps of them."""
    made: Refs = {}
    for name in pipelines:
        chosen = {step: run for step, run in PIPELINES[name].items() if not steps or step in steps}
        made |= run_steps(
            chosen, RunContext(f"test_{name}", "night", LAST, settings), {"who": "tester", "reason": "a test"}
        ).refs
    return made


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """Environment of a process that works on a server's S3 with these settings."""
    assert settings.s3_access_key is not None
    assert settings.s3_secret_key is not None
    own = {
        "BANK_HOME": str(settings.home),
        "BANK_LANDING_SETTLE_SECONDS": "0",
        "BANK_ARTIFACT_ROOT": settings.artifacts,
        "BANK_S3_ENDPOINT_URL": str(settings.s3_endpoint_url),
        "BANK_S3_ACCESS_KEY": settings.s3_access_key.get_secret_value(),
        "BANK_S3_SECRET_KEY": settings.s3_secret_key.get_secret_value(),
        "PYTHONPATH": str(PROJECT_DIR),
    }
    return os.environ | own | more


def run_apart(settings: Settings, pipelines: Sequence[str], steps: Sequence[str] = (), **more: str) -> Refs:
    """The same in a process of its own, with further variables of its environment."""
    command = [sys.executable, "-m", "tests.support.whole_night", ",".join(pipelines), ",".join(steps)]
    done = subprocess.run(
        command, env=environment(settings, **more), cwd=PROJECT_DIR, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return {step: ArtifactRef.model_validate(ref) for step, ref in json.loads(done.stdout.splitlines()[-1]).items()}


def fresh(server: S3Server, home: Path) -> Settings:
    """A platform in `home` on a bucket of its own, on which everything has landed."""
    settings = server.settings(home)
    land(settings)
    return settings


if __name__ == "__main__":
    made = run(Settings(), sys.argv[1].split(","), [step for step in sys.argv[2].split(",") if step])
    sys.stdout.write(json.dumps({step: ref.model_dump() for step, ref in made.items()}) + "\n")
