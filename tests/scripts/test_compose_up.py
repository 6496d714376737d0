"""`make up` before any container: the .env file, the warnings, and a machine without Docker."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts import compose_up, deploy_checks
from scripts.compose_secrets import MAKERS, read
from scripts.environment import PROJECT


def test_the_env_file_is_completed_and_private(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("# mine\nBANK_CALL_COST=9\nPLATFORM_API_KEY=bmk_mine\nPLATFORM_JWT_SECRET=\n")
    path.chmod(0o644)
    values = compose_up.complete_env(path, {}, 1234)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text().startswith("# mine\nBANK_CALL_COST=9\nPLATFORM_API_KEY=bmk_mine\n")
    assert read(path) == values
    assert values["PLATFORM_UID"] == "1234"
    assert set(MAKERS) <= set(values)
    assert values["PLATFORM_JWT_SECRET"]


def test_a_complete_env_file_is_left_alone_but_for_its_mode(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    compose_up.complete_env(path, {}, 1234)
    before = path.read_bytes()
    path.chmod(0o644)
    compose_up.complete_env(path, {}, 1234)
    assert path.read_bytes() == before
    assert path.stat().st_mode & 0o777 == 0o600


def test_secrets_of_an_earlier_start_are_used_again(tmp_path: Path) -> None:
    kept = {"PLATFORM_POSTGRES_PASSWORD": "of-the-volume", "PLATFORM_UID": "50000"}
    values = compose_up.complete_env(tmp_path / ".env", kept, 1234)
    assert values["PLATFORM_POSTGRES_PASSWORD"] == "of-the-volume"
    assert values["PLATFORM_UID"] == "50000"  # whose files another user could not write


def test_containers_never_run_as_root(tmp_path: Path) -> None:
    assert compose_up.complete_env(tmp_path / ".env", {}, 0)["PLATFORM_UID"] == "50000"


def test_short_memory_and_a_full_disk_are_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(compose_up, "docker", lambda *words: "running")
    monkeypatch.setattr(compose_up, "DISK_GB", 1e9)
    said = list(compose_up.warnings({"MemTotal": 2e9, "DockerRootDir": str(tmp_path)}, {}))
    assert len(said) == 2
    assert "2.0 GB of memory" in said[0]
    assert "docker system prune" in said[1]


def test_a_machine_without_docker_is_told_the_other_way(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-m", "scripts.compose_up"],  # -S: no installed package is needed
        cwd=PROJECT,
        env={"PATH": str(tmp_path), "COMPOSE_ENV_FILES": str(tmp_path / ".env")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "there is no docker here" in done.stderr
    assert "make airflow" in done.stderr
    assert not (tmp_path / ".env").exists()


def test_a_mistake_in_the_container_files_fails_the_lint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("Dockerfile", ".hadolint.yaml", "docker-compose.yaml"):
        (tmp_path / name).write_text((PROJECT / name).read_text())
    (tmp_path / "Dockerfile").write_text("FROM debian\nRUN cd /tmp && sudo ls\n")
    (tmp_path / "docker-compose.yaml").write_text("services: {web: {image: nginx, restart: [always]}}\n")
    assert deploy_checks.main(tmp_path) == 1
    said = capsys.readouterr().err
    assert "DL3004" in said
    assert "restart" in said
