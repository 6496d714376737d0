"""`make up` before any container: the .env file, the warnings, and a machine without Docker."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts import compose_engine, compose_up, deploy_checks
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
    monkeypatch.setattr(compose_engine, "docker", lambda *words: "running")
    monkeypatch.setattr(compose_engine, "DISK_GB", 1e9)
    said = list(compose_engine.warnings({"MemTotal": 2e9, "DockerRootDir": str(tmp_path)}, {}))
    assert len(said) == 2
    assert "2.0 GB of memory" in said[0]
    assert "docker system prune" in said[1]


def engine_with(monkeypatch: pytest.MonkeyPatch, **running: str) -> None:
    """An engine on which stacks run, each from a folder; it is asked as `docker` is."""

    def docker(*words: str) -> str:
        [project] = [word.partition("project=")[2] for word in words if "com.docker.compose.project=" in word]
        return f"{running[project]}\n{running[project]}\n" if project in running else ""

    monkeypatch.setattr(compose_engine, "docker", docker)


def test_a_second_checkout_gets_a_stack_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    engine_with(monkeypatch, **{"bank-marketing": "/home/anna/bank"})
    assert compose_engine.project_name({}, Path("/home/anna/bank")) == ("bank-marketing", False)
    name, own = compose_engine.project_name({}, Path("/home/ben/bank"))
    assert own
    assert name.startswith("bank-marketing-")
    assert compose_engine.project_name({}, Path("/home/cleo/bank"))[0] not in (name, "bank-marketing")
    values = compose_up.complete_env(tmp_path / ".env", {}, 1234, name)
    assert read(tmp_path / ".env")["COMPOSE_PROJECT_NAME"] == values["COMPOSE_PROJECT_NAME"] == name
    assert compose_engine.project_name(values, Path("/home/ben/bank")) == (name, False), "and keeps it"


def test_a_name_that_another_checkout_runs_under_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    engine_with(monkeypatch, team="/home/anna/bank")
    with pytest.raises(compose_engine.UpError, match=r"team is run from /home/anna/bank.*COMPOSE_PROJECT_NAME"):
        compose_engine.project_name({"COMPOSE_PROJECT_NAME": "team"}, Path("/home/ben/bank"))


def test_no_container_is_promised_more_cores_than_the_engine_has() -> None:
    assert [compose_engine.cores({"NCPU": count}) for count in (1, 2, 16)] == ["1", "2", "2"]


def test_former_images_are_taken_by_their_tag_and_never_built_over(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(compose_engine, "docker", lambda *words: "dev\n<none>\n0123456789ab\n")
    monkeypatch.setattr(compose_up, "compose", lambda words, env: asked.append(tuple(words)) or 0)
    compose_up.prepare_images("bank-marketing", {"PLATFORM_TAG": "0123456789ab", "PLATFORM_COMMIT": "f" * 40})
    assert asked == []
    with pytest.raises(compose_engine.UpError, match=r"PLATFORM_TAG=old: no images of that tag.*0123456789ab, dev"):
        compose_up.prepare_images("bank-marketing", {"PLATFORM_TAG": "old", "PLATFORM_COMMIT": "f" * 40})


def test_the_archive_may_be_named_by_its_folder(tmp_path: Path) -> None:
    with pytest.raises(compose_engine.UpError, match=r"BANK_ARCHIVE=.* is no file, and no folder with one"):
        compose_up.archive_given(str(tmp_path))
    file = tmp_path / "bank.zip"
    file.touch()
    assert compose_up.archive_given(str(tmp_path)) == tmp_path
    assert compose_up.archive_given(str(file)) == file
    assert compose_up.archive_given("") is None


def test_only_images_of_a_commit_are_kept_by_it() -> None:
    assert compose_up.own_tag({"PLATFORM_COMMIT": "0123456789abcdef"}) == "0123456789ab"
    assert compose_up.own_tag({"PLATFORM_COMMIT": "0123456789abcdef+changes"}) == ""
    assert compose_up.own_tag({"PLATFORM_COMMIT": ""}) == ""


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
