"""`airflow_settings.yaml`: one file for the Astro CLI, the embedded default and the containers."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from scripts import airflow_settings
from scripts.environment import PROJECT
from tests.support import airflow_home


@pytest.fixture(autouse=True)
def nothing_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_SPARK_DEFAULT", raising=False)


def settings_file(folder: Path, text: str) -> Path:
    path = folder / "airflow_settings.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_spark_runs_in_the_task_unless_the_environment_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    assert airflow_settings.load()["connections"]["spark_default"]["host"] == "local[*]"
    monkeypatch.setenv("AIRFLOW_CONN_SPARK_DEFAULT", "spark://spark%3A%2F%2Fspark-master:7077")
    assert airflow_settings.load()["connections"]["spark_default"] == "spark://spark%3A%2F%2Fspark-master:7077"
    monkeypatch.setenv("AIRFLOW_CONN_SPARK_DEFAULT", '{"conn_type": "spark", "host": "yarn"}')
    assert airflow_settings.load()["connections"]["spark_default"] == {"conn_type": "spark", "host": "yarn"}


def test_the_files_are_what_airflow_imports_and_nobody_else_reads(tmp_path: Path) -> None:
    written = airflow_settings.write(tmp_path / "files")
    assert set(written) == {"connections", "pools"}
    assert json.loads(written["pools"].read_text())["spark"]["slots"] == 1
    assert {path.stat().st_mode & 0o777 for path in written.values()} == {0o600}


def test_every_kind_is_imported_into_airflow() -> None:
    with closing(sqlite3.connect(airflow_home.migrated_home() / "airflow.db")) as database:
        assert ("spark", 1) in database.execute("select pool, slots from slot_pool").fetchall()
        assert ("spark_default", "spark") in database.execute("select conn_id, conn_type from connection").fetchall()


def test_what_airflow_says_of_a_failed_import_is_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", f"sqlite:///{tmp_path}/nowhere/airflow.db")
    assert airflow_settings.main(["--into", str(tmp_path / "files"), "--import"]) == 1
    assert "unable to open database file" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("airflow: {connections: [{conn_id: a, conn_type: http, conn_hots: b}]}", "conn_hots"),
        ("airflow: {connections: [{conn_id: a}]}", "needs `conn_type`"),
        ("airflow: {pools: [{pool_name: a}, {pool_name: a}]}", "stands twice"),
        ("airflow: {vars: []}", "unknown section vars"),
        ("- a list", "top level"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(airflow_settings.SettingsFileError, match=told):
        airflow_settings.load(settings_file(tmp_path, text))


def test_the_folder_is_laid_out_as_the_astro_cli_expects() -> None:
    assert all((PROJECT / name).is_dir() for name in ("dags", "plugins", "include", "tests"))
    assert all((PROJECT / name).is_file() for name in ("requirements.txt", "packages.txt", "airflow_settings.yaml"))
    packages = (PROJECT / "packages.txt").read_text().split()
    assert packages == ["openjdk-17-jre-headless"]
    assert f" {packages[0]} " in (PROJECT / "Dockerfile").read_text()  # the images have the same Java
