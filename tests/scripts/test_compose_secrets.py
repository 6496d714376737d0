"""The secrets of the containers: made once, kept, and each told only to whom it concerns."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from scripts.compose_secrets import BOUND_TO_DATA, MAKERS, SecretsError, audiences, read, settle, write
from scripts.environment import PROJECT


def test_they_are_made_once_and_kept(tmp_path: Path) -> None:
    first = write(tmp_path, {})
    assert set(first) == set(MAKERS)
    assert len(set(first.values())) == len(MAKERS)
    assert write(tmp_path, {}) == first


def test_what_the_env_file_says_is_taken(tmp_path: Path) -> None:
    values = write(tmp_path, {"PLATFORM_API_KEY": "bmk_of-my-own", "PLATFORM_JWT_SECRET": ""})
    assert values["PLATFORM_API_KEY"] == "bmk_of-my-own"
    assert values["PLATFORM_JWT_SECRET"]
    assert read(tmp_path / "all" / "secrets.env") == values


@pytest.mark.parametrize("name", BOUND_TO_DATA)
def test_a_secret_that_would_lock_the_data_is_refused_with_the_way_out(tmp_path: Path, name: str) -> None:
    write(tmp_path, {})
    with pytest.raises(SecretsError, match=rf"{name}.*make clean-volumes"):
        write(tmp_path, {name: "another"})


def test_a_key_that_binds_no_data_can_be_changed(tmp_path: Path) -> None:
    write(tmp_path, {})
    assert write(tmp_path, {"PLATFORM_API_KEY": "bmk_new"})["PLATFORM_API_KEY"] == "bmk_new"


def test_each_audience_sees_only_its_own() -> None:
    values = settle({}, {})
    files = audiences(values)

    def holders(name: str) -> set[str]:
        return {path.partition("/")[0] for path, text in files.items() if values[name] in text}

    assert holders("PLATFORM_POSTGRES_PASSWORD") == {"postgres"}
    assert holders("PLATFORM_AIRFLOW_DB_PASSWORD") == {"postgres", "airflow"}
    assert holders("PLATFORM_FERNET_KEY") == {"airflow"}
    assert holders("PLATFORM_S3_SECRET_KEY") == {"s3", "airflow", "api"}
    assert holders("PLATFORM_MLFLOW_S3_SECRET_KEY") == {"s3", "mlflow"}
    assert holders("PLATFORM_REDIS_PASSWORD") == {"redis", "airflow"}
    assert holders("PLATFORM_SPARK_SECRET") == {"spark"}
    assert holders("PLATFORM_API_KEY") == set()  # the service knows its hash


def test_each_key_of_the_store_opens_one_bucket() -> None:
    known = json.loads(audiences(settle({}, {}))["s3/s3.json"])["identities"]
    buckets = {each["name"]: {action.partition(":")[2] for action in each["actions"]} for each in known}
    assert buckets == {"platform": {"bank-marketing"}, "mlflow": {"mlflow"}}


def test_the_entry_point_hands_values_on_as_they_are_and_lets_the_environment_win(tmp_path: Path) -> None:
    """Keys end in `=`, which shells like to lose."""
    folder = tmp_path / "airflow"
    folder.mkdir()
    (folder / "airflow.env").write_text("KEY=abc/def+1=\nURL=postgresql://a:b@c/d?e=f&g=$HOME `h`\nGIVEN=file\n")
    script = (PROJECT / "deploy" / "docker" / "entrypoint.sh").read_text().replace("/run/bank/", f"{tmp_path}/")
    done = subprocess.run(
        ["sh", "-c", script, "sh", "sh", "-c", 'printf "%s\\n" "$KEY" "$URL" "$GIVEN"'],
        env={"GIVEN": "environment", "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["abc/def+1=", "postgresql://a:b@c/d?e=f&g=$HOME `h`", "environment"]
