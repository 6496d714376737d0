"""ETL on a real standalone cluster of two workers, with the artifacts on S3: nothing but settings changes, also when one is lost."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bank_marketing.artifacts import open_store
from bank_marketing.settings import PROJECT_DIR
from tests.support import whole_night
from tests.support.s3_server import S3Server
from tests.support.small_run import LAST, SmallRun
from tests.support.spark_cluster import SparkCluster, spark_cluster

pytestmark = pytest.mark.timeout(1800)

ETL = ("ingest_data", "validate_data", "transform_data")


@pytest.fixture(scope="module")
def cluster() -> Iterator[SparkCluster]:
    whole_night.need_s3_jars()
    with spark_cluster(workers=2) as running:
        yield running


def test_a_worker_lost_in_mid_job_changes_nothing_or_says_so(
    cluster: SparkCluster, s3: S3Server, small_run: SmallRun, tmp_path: Path
) -> None:
    settings = whole_night.fresh(s3, tmp_path)
    command = [sys.executable, "-m", "tests.support.whole_night", "training", ",".join(ETL)]
    log = tmp_path / "job.log"
    with log.open("wb") as stream:
        environment = whole_night.environment(settings, **cluster.variables)
        job = subprocess.Popen(command, env=environment, cwd=PROJECT_DIR, stdout=subprocess.PIPE, stderr=stream)
    try:
        while not all(cluster.tasks(number) > 1 for number in range(2)):
            assert job.poll() is None, log.read_text(errors="replace")[-3000:]
            time.sleep(0.05)
        assert list(cluster.applications()) == [f"bank-marketing ingest_data {LAST}"]  # both jobs are one process here
        cluster.kill_worker(0)
        told, _ = job.communicate(timeout=800)
    finally:
        job.kill()
    store = open_store(settings)
    if job.returncode:
        assert "Error" in log.read_text(errors="replace")
        assert not [uri for uri in store.list_files(store.uri("runs")) if uri.endswith("transform_data/manifest.json")]
        return
    made = json.loads(told.splitlines()[-1])
    assert {step: ref["digest"] for step, ref in made.items()} == {step: small_run.made.refs[step].digest for step in ETL}
    for ref in made.values():
        store.verify(ref["uri"])
