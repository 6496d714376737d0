"""The secrets of the containers: made once, kept, and each told only to whom it concerns."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from scripts import compose_secrets
from scripts.compose_audiences import audiences
from scripts.compose_secrets import BOUND_TO_DATA, MAKERS, OPTIONAL, SecretsError, parse, read_lines, settle, write
from scripts.environment import PROJECT


def test_they_are_made_once_and_kept(tmp_path: Path) -> None:
    first = write(tmp_path, {})
    assert set(first) == set(MAKERS) | set(OPTIONAL)
    assert len(set(first.values())) == len(first)
    assert write(tmp_path, {}) == first
    assert write(tmp_path) == first


def test_only_their_owner_and_group_may_read_them_and_nobody_writes(tmp_path: Path) -> None:
    """Under whatever mask, and also where an earlier release left a file open to all."""
    (tmp_path / "api").mkdir(mode=0o777)
    write(tmp_path, {})
    for path in tmp_path.rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o770 if path.is_dir() else 0o440), path
    (tmp_path / "all" / "secrets.env").chmod(0o666)
    (tmp_path / "spark" / "spark-defaults.conf").chmod(0o444)
    write(tmp_path, {})
    assert {path.stat().st_mode & 0o777 for path in tmp_path.rglob("*") if path.is_file()} == {0o440}


def test_a_real_mail_server_is_handed_on_and_goes_with_its_line(tmp_path: Path) -> None:
    relay = {"AIRFLOW_CONN_SMTP_DEFAULT": '{"conn_type": "smtp", "host": "mail.bank.example", "password": "a=b # c"}'}
    write(tmp_path, relay)
    assert read_lines(tmp_path / "airflow" / "airflow.env")["AIRFLOW_CONN_SMTP_DEFAULT"] == relay["AIRFLOW_CONN_SMTP_DEFAULT"]
    assert write(tmp_path)["AIRFLOW_CONN_SMTP_DEFAULT"] == relay["AIRFLOW_CONN_SMTP_DEFAULT"], "a plain `up` has not read .env"
    assert write(tmp_path, {})["AIRFLOW_CONN_SMTP_DEFAULT"].startswith("smtp://mail:1025/")


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("NAME=plain", "plain"),
        ("export NAME = a=b== ", "a=b=="),
        ('NAME="in quotes" # told', "in quotes"),
        ("NAME='a # b'", "a # b"),
        ("NAME=abc#d # told", "abc#d"),
        ("NAME=", ""),
        ("NAME=x\r\n", "x"),
        ("#NAME=x", None),
    ],
)
def test_lines_are_read_as_docker_compose_reads_them(line: str, value: str | None) -> None:
    assert parse([line]).get("NAME") == value


def test_a_plain_up_refuses_to_overlook_what_stands_in_the_env_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compose_secrets, "FOLDER", tmp_path)
    monkeypatch.setenv("PLATFORM_GIVEN", " PLATFORM_API_KEY PLATFORM_ADMIN_PASSWORD ")
    assert compose_secrets.main(["write"]) == 1
    assert "secrets write - < .env" in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.env"))
    monkeypatch.setattr("sys.stdin", ["PLATFORM_API_KEY=bmk_of-my-own\n"])
    assert compose_secrets.main(["write", "-"]) == 0
    assert compose_secrets.main(["write"]) == 0
    assert read_lines(tmp_path / "all" / "secrets.env")["PLATFORM_API_KEY"] == "bmk_of-my-own"


def test_what_the_env_file_says_is_taken(tmp_path: Path) -> None:
    values = write(tmp_path, {"PLATFORM_API_KEY": "bmk_of-my-own", "PLATFORM_JWT_SECRET": ""})
    assert values["PLATFORM_API_KEY"] == "bmk_of-my-own"
    assert values["PLATFORM_JWT_SECRET"]
    assert read_lines(tmp_path / "all" / "secrets.env") == values


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
    assert holders("PLATFORM_MLFLOW_PASSWORD") == {"mlflow", "airflow", "api"}
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
