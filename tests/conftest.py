"""Real parts for every test: one Spark session, one landed campaign (the real one where the archive is at hand)."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import psutil
import pytest
from pyspark.sql import SparkSession

if TYPE_CHECKING:
    from bank_marketing.landing.archive import Archive
    from tests.support.s3_server import S3Server
    from tests.support.small_run import SmallRun

from bank_marketing.components.context import RunContext
from bank_marketing.settings import Settings
from tests.support import quick_spark

if "PYTEST_XDIST_WORKER" in os.environ:
    # A worker's main module comes from no file; PySpark takes such a process for its own doctests and ends it.
    sys.modules["__main__"].__file__ = pytest.__file__

# How long an example takes tells how busy the machine is: no test fails for it.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")

#: Memory of a worker with its Spark and the servers of its tests.
WORKER_BYTES = 5 * 2**30


def pytest_xdist_auto_num_workers() -> int:
    """Half as many workers again as cores, since tests wait a lot, and no more than the memory holds."""
    cores, memory = os.cpu_count() or 1, psutil.virtual_memory().total
    return max(1, min(cores * 3 // 2, memory // WORKER_BYTES))


def pytest_configure(config: pytest.Config) -> None:
    """Spark starts quickly; what that needs is made before a run of many tests."""
    archive = quick_spark.archive_in(config.cache.mkdir("spark"))
    if config.getoption("numprocesses", None) and not archive.exists():
        with tempfile.TemporaryDirectory() as scratch:
            quick_spark.make(archive, Path(scratch))
    quick_spark.use(archive)


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """A Spark session for the whole run: starting one costs seconds."""
    from bank_marketing.etl.session import spark_session

    session = spark_session("tests", Settings())
    yield session
    session.stop()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a platform that lives in a temporary folder; landed files need not settle."""
    from tests.support.features import PRICES

    return Settings(home=tmp_path, landing_settle_seconds=0, **asdict(PRICES))


@pytest.fixture
def make_context(settings: Settings) -> Callable[..., RunContext]:
    """Make the context of a run in that platform."""

    def make(as_of: date, run_id: str = "test-run", **changes: object) -> RunContext:
        return RunContext(
            dag_id="test_dag", run_id=run_id, as_of=as_of, settings=settings.model_copy(update=changes) if changes else settings
        )

    return make


@pytest.fixture(scope="session")
def archive_path() -> Path:
    """The real archive on disk; without it the tests of its content have nothing to test, and say so."""
    from tests.support.sources import ARCHIVE

    named = Settings().archive
    if named is None:
        pytest.skip("BANK_ARCHIVE is not set: the real archive is not at hand")
    path = ARCHIVE.local(named)
    assert path.is_file(), f"BANK_ARCHIVE={named} holds no {ARCHIVE.name}: correct the path, or unset it"
    return path


@pytest.fixture(scope="session")
def archive(archive_path: Path) -> Archive:
    """The real archive, checked and unpacked."""
    from bank_marketing.landing.archive import find_archive
    from tests.support.sources import ARCHIVE

    found = find_archive(Settings(archive=archive_path), ARCHIVE)
    assert found is not None
    return found


@pytest.fixture(scope="session")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Landing zone with the whole campaign. Tests only read it."""
    from bank_marketing.landing.commands import land

    home = tmp_path_factory.mktemp("campaign")
    settings = Settings(home=home)
    land(settings, synthetic=settings.archive is None)
    return settings.landing


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory, spark: SparkSession) -> SmallRun:
    """A finished training run on a small campaign. Tests only read it."""
    from tests.support.small_run import run_small

    return run_small(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    """A running S3 server. A test works in a bucket of its own, and stops or freezes only a server of its own."""
    from tests.support.s3_server import s3_server

    with s3_server() as server:
        yield server
