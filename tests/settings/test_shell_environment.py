"""What other projects and bare machines leave in a shell does no harm: it is dropped by name, or adapted."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from bank_marketing.settings import PROJECT_DIR
from bank_marketing.shell_environment import adapt, adaptations, foreign
from scripts import environment

FOREIGN = {
    "SPARK_HOME": "/opt/spark-3.5",
    "PYSPARK_PYTHON": "/usr/bin/python2",
    "PYTHONPATH": "/other/project",
    "JAVA_TOOL_OPTIONS": "-javaagent:/gone.jar",
    "MLFLOW_TRACKING_URI": "http://other:5000",
    "AIRFLOW__CORE__AUTH_MANAGER": "other.Manager",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD": "cat /secret",
    "AIRFLOW__SECRETS__BACKEND": "other.Backend",
}
KEPT = {"AIRFLOW__API__PORT": "8081", "AIRFLOW_CONN_SMTP_DEFAULT": "smtp://mail", "BANK_CALL_COST": "9", "LANG": "en_US.UTF-8"}


def sourced(folder: Path, command: str, before: dict[str, str], dotenv: str = "") -> str:
    """What a command prints in a shell that has read the environment of `folder`."""
    (folder / ".venv").symlink_to(environment.PROJECT / ".venv")
    (folder / ".env").write_text(dotenv)
    environment.write(folder / "env.sh", environment.airflow_environment(folder / "home", folder), folder)
    done = subprocess.run(
        ["sh", "-c", f". {folder}/env.sh && {command}"],
        env=before | {"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_other_projects_variables_are_dropped_and_named_and_ours_stay(tmp_path: Path) -> None:
    told = sourced(tmp_path, "env", FOREIGN | KEPT | {"AIRFLOW_HOME": "/other", "AIRFLOW__CORE__DAGS_FOLDER": "/other/dags"})
    after = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
    assert not set(FOREIGN) & set(after)
    assert {name: after[name] for name in KEPT} == KEPT
    assert after["AIRFLOW_HOME"] == str(tmp_path / "home")
    assert after["AIRFLOW__CORE__DAGS_FOLDER"] == str(tmp_path / "dags")
    assert after["BANK_DROPPED_VARIABLES"].split() == sorted(FOREIGN)


def test_what_the_env_file_of_this_project_says_is_no_other_projects(tmp_path: Path) -> None:
    dotenv = "AIRFLOW__SECRETS__BACKEND=ours.Backend\nMLFLOW_TRACKING_URI=http://ours:5000\n"
    command = 'printf "%s|" "$AIRFLOW__SECRETS__BACKEND" "$MLFLOW_TRACKING_URI"'
    assert sourced(tmp_path, command, FOREIGN, dotenv) == "ours.Backend|http://ours:5000|"


def test_a_second_sourcing_changes_nothing(tmp_path: Path) -> None:
    once = sourced(tmp_path, "env | sort", KEPT, "AIRFLOW__CORE__LAZY_LOAD_PLUGINS=False\n")
    before = dict(line.split("=", 1) for line in once.splitlines() if "=" in line)
    assert before["AIRFLOW__CORE__LAZY_LOAD_PLUGINS"] == "False"
    twice = subprocess.run(
        ["sh", "-c", f". {tmp_path}/env.sh && env | sort"], env=before, capture_output=True, text=True, check=True
    ).stdout
    assert before.keys() == dict(line.split("=", 1) for line in twice.splitlines() if "=" in line).keys()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, None),
        ({"no_proxy": "corp.example"}, None),
        ({"http_proxy": "http://proxy:3128"}, "localhost,127.0.0.1,::1"),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "corp.example, 127.0.0.1"}, "corp.example,127.0.0.1,localhost,::1"),
    ],
)
def test_a_proxy_is_not_asked_for_this_machine(before: dict[str, str], after: str | None) -> None:
    found = adaptations(before | {"LANG": "C.UTF-8"})
    assert (found.get("NO_PROXY"), found.get("no_proxy")) == (after, after)


@pytest.mark.skipif(sys.platform == "darwin", reason="its locale of that kind has another name")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"LC_ALL": "C", "LANG": "de_DE.UTF-8"}, "C.UTF-8"),
        ({"LC_ALL": "POSIX"}, "C.UTF-8"),
        ({}, "C.UTF-8"),
        ({"LANG": "de_DE.UTF-8"}, None),
        ({"LC_CTYPE": "C.UTF-8", "LANG": "C"}, None),
    ],
)
def test_a_locale_without_letters_is_not_taken_over(before: dict[str, str], after: str | None) -> None:
    assert adaptations(before).get("LC_ALL") == after


def in_namespace(kind: str, prepare: str, code: str) -> str:
    """Run Python in namespaces of its own, where the machine allows it."""
    command = ["unshare", *kind.split(), "sh", "-c", f'{prepare} exec "$0" -c "$1"', sys.executable, code]
    environ = {
        name: value for name, value in os.environ.items() if name not in ("USER", "LOGNAME", "SPARK_LOCAL_IP", "BANK_ENV_FILE")
    }
    if subprocess.run(["unshare", *kind.split(), "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine gives no namespaces to tests")
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


#: What Spark is asked in each of them.
SPARK = (
    "from bank_marketing.shell_environment import adapt; adapt();"
    "from bank_marketing.etl.session import spark_session; from bank_marketing.settings import Settings;"
    "print(spark_session('x', Settings(spark_master='local[1]')).range(3).count())"
)


def test_spark_starts_on_a_host_whose_name_nobody_knows() -> None:
    assert in_namespace("--user --map-root-user --uts", "hostname no-such-host.invalid;", SPARK) == "3"


def test_spark_compresses_where_no_program_may_be_run_from_the_temporary_folder() -> None:
    """The codecs' native code is unpacked into it and loaded from there."""
    code = SPARK.replace(
        ".range(3).count())", ".range(3).write.option('compression', 'snappy').mode('overwrite').parquet('/tmp/x'))"
    )
    here = shlex.quote(str(PROJECT_DIR))  # a checkout may itself lie below the folder that is covered
    covered = (
        f"mount --rbind {here} /mnt && mount -t tmpfs -o noexec tmpfs /tmp && mkdir -p {here} && mount --rbind /mnt {here} &&"
    )
    assert in_namespace("--user --map-root-user --mount", covered, code) == "None"


def test_a_uid_without_a_name_is_told_so_before_java_is() -> None:
    assert in_namespace("--user --map-user=12345", "", f"try:\n  {SPARK}\nexcept Exception as error: print(error)").startswith(
        "the user 12345 has no name on this machine, and Spark's Java does not start without one: add a line"
    )


def test_a_uid_without_a_name_has_one_for_who_asks() -> None:
    code = "from bank_marketing.shell_environment import adapt; adapt(); import getpass; print(getpass.getuser())"
    assert in_namespace("--user --map-user=12345", "", code) == "user-12345"


def test_a_list_with_letters_in_its_name_is_read_as_cron_starts_commands(tmp_path: Path) -> None:
    (tmp_path / "clientes-março.csv").write_text("a\n1\n2\n", encoding="utf-8")
    code = (
        "import sys; from bank_marketing.shell_environment import adapt; adapt();"
        "from bank_marketing.etl.session import spark_session; from bank_marketing.settings import Settings;"
        f"print(spark_session('x', Settings(spark_master='local[1]')).read.csv({str(tmp_path)!r} + '/clientes-mar\\u00e7o.csv').count())"
    )
    environ = {name: os.environ[name] for name in ("PATH", "JAVA_HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ | {"LC_ALL": "C"}, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "3", done.stderr[-2000:]


def test_another_spark_is_not_used_and_this_one_is(tmp_path: Path) -> None:
    import pyspark

    other = {"SPARK_HOME": str(tmp_path), "LANG": "C.UTF-8"}
    adapt(other)
    assert "SPARK_HOME" not in other
    ours = {"SPARK_HOME": str(Path(pyspark.__file__).parent), "LANG": "C.UTF-8"}  # as the image sets it
    adapt(ours)
    assert "SPARK_HOME" in ours


def test_nothing_foreign_is_nothing_dropped() -> None:
    assert foreign(KEPT | {"AIRFLOW__CORE__DAGS_FOLDER": "/dags"}, own=["AIRFLOW__CORE__DAGS_FOLDER"]) == []
