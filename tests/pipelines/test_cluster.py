"""ETL and scoring on a real standalone cluster of two workers, with the artifacts on S3: nothing but settings changes."""

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

pytestmark = pytest.mark.timeout(900)

ETL = ("ingest_data", "validate_data", "transform_data")


@pytest.fixture(scope="module")
def cluster() -> Iterator[SparkCluster]:
    whole_night.need_s3_jars()
    with spark_cluster(workers=2) as running:
        yield running


def etl_digests(run: SmallRun) -> dict[str, str]:
    return {step: run.made.refs[step].digest for step in ETL}


def test_both_jobs_run_on_the_workers_and_make_the_same(
    cluster: SparkCluster, s3: S3Server, small_run: SmallRun, tmp_path: Path
) -> None:
    settings = whole_night.fresh(s3, tmp_path)
    made = whole_night.run_apart(settings, ["training"], ETL, **cluster.variables)
    assert {step: ref.digest for step, ref in made.items()} == etl_digests(small_run)
    assert set(cluster.applications()) == {f"bank-marketing ingest_data {LAST}"}  # one process, one application
    assert [cluster.tasks(number) > 0 for number in range(2)] == [True, True]


def test_a_worker_lost_in_mid_job_changes_nothing_or_says_so(
    cluster: SparkCluster, s3: S3Server, small_run: SmallRun, tmp_path: Path
) -> None:
    settings = whole_night.fresh(s3, tmp_path)
    before = cluster.tasks(0)
    command = [sys.executable, "-m", "tests.support.whole_night", "training", ",".join(ETL)]
    log = tmp_path / "job.log"
    with log.open("wb") as stream:
        job = subprocess.Popen(
            command,
            env=whole_night.environment(settings, **cluster.variables),
            cwd=PROJECT_DIR,
            stdout=subprocess.PIPE,
            stderr=stream,
        )
    try:
        while cluster.tasks(0) < before + 3:
            assert job.poll() is None, log.read_text(errors="replace")[-3000:]
            time.sleep(0.05)
        cluster.kill_worker(0)
        told, _ = job.communicate(timeout=600)
    finally:
        job.kill()
    store = open_store(settings)
    if job.returncode:
        assert "Error" in log.read_text(errors="replace")
        assert not [uri for uri in store.list_files(store.uri("runs")) if uri.endswith("transform_data/manifest.json")]
    else:
        made = json.loads(told.splitlines()[-1])
        assert {step: ref["digest"] for step, ref in made.items()} == etl_digests(small_run)
        for ref in made.values():
            store.verify(ref["uri"])
