"""The Spark operator on a real spark-submit: reasons come back as the package's exceptions, and nothing outlives a kill."""

from __future__ import annotations

import json
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException

from bank_marketing import errors
from bank_marketing.etl.driver_java import SHORT_JOB
from bank_marketing_airflow.operators import SparkStepOperator, StepOperator, TrainOperator
from bank_marketing_airflow.run_context import run_context
from tests.support.campaign import CAMPAIGN
from tests.support.features import features_table, publish_features
from tests.support.landed import land_days
from tests.support.small_run import DAYS
from tests.support.task_context import task_context
from tests.support.waiting import wait_for


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BANK_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW_CONN_SPARK_DEFAULT", '{"conn_type": "spark", "host": "local[1]"}')
    monkeypatch.delenv("BANK_ARTIFACT_ROOT", raising=False)
    return tmp_path


def job(tmp_path: Path, text: str) -> SparkStepOperator:
    """The operator of `ingest_data` with another program in its place."""
    operator = SparkStepOperator(task_id="ingest_data")
    operator.application = str(tmp_path / "job.py")
    Path(operator.application).write_text(text)
    return operator


def test_a_reason_that_the_job_wrote_down_is_raised_as_it_was(home: Path) -> None:
    land_days(home / "landing", DAYS[:2])
    context: Any = task_context(params={"as_of": "2008-01-01"})
    with pytest.raises(errors.BankMarketingError) as raised:
        SparkStepOperator(task_id="ingest_data").execute(context)
    assert type(raised.value) is not errors.SparkJobFailed
    assert "2008-01-01" in str(raised.value)
    assert isinstance(raised.value.__cause__, AirflowException)


@pytest.mark.parametrize(("more", "short"), [(0, True), (1, False)])
def test_a_short_job_does_without_the_optimizing_compiler(
    home: Path, monkeypatch: pytest.MonkeyPatch, more: int, short: bool
) -> None:
    monkeypatch.delenv("SPARK_SUBMIT_OPTS", raising=False)
    landed = home / "landing" / "contacts" / "dt=2010-03-01" / "contacts.csv"
    landed.parent.mkdir(parents=True)
    with landed.open("wb") as file:
        file.truncate(SHORT_JOB + more)
    java = home / "java.txt"
    operator = job(home, f"import os, pathlib, sys\nargs = pathlib.Path(f'/proc/{{os.getppid()}}/cmdline').read_bytes()\n"
                         f"pathlib.Path({str(java)!r}).write_bytes(args)\nsys.exit(1)")  # fmt: skip
    with pytest.raises(errors.SparkJobFailed):
        operator.execute(task_context(params={"as_of": "2010-03-01"}))
    assert ("-XX:TieredStopAtLevel=1" in java.read_text().split("\0")) is short


def test_a_broken_rule_keeps_its_name_and_place(home: Path) -> None:
    context: Any = task_context()
    uri = run_context(context).error_uri("ingest_data")
    told = '{"error": "ContractViolation", "message": "bad", "rule": "age_in_range", "location": "contacts.csv"}'
    operator = job(home, f"import sys, pathlib\np = pathlib.Path({uri.removeprefix('file://')!r})\n"
                         f"p.parent.mkdir(parents=True)\np.write_text({told!r})\nsys.exit(1)")  # fmt: skip
    with pytest.raises(errors.ContractViolation, match="bad") as raised:
        operator.execute(context)
    assert (raised.value.rule, raised.value.location) == ("age_in_range", "contacts.csv")


def test_a_job_that_ends_without_a_reason_may_be_tried_again(home: Path) -> None:
    with pytest.raises(errors.SparkJobFailed, match="without a reason of its own"):
        job(home, "import os; os._exit(3)").execute(task_context())  # type: ignore[arg-type]


def test_the_reason_of_an_earlier_try_is_forgotten(home: Path) -> None:
    context: Any = task_context()
    run = run_context(context)
    run.store.write_bytes(
        run.error_uri("ingest_data"), b'{"error": "InvalidAsOf", "message": "old", "rule": "", "location": ""}'
    )
    with pytest.raises(errors.SparkJobFailed):
        job(home, "import os; os._exit(3)").execute(context)


def test_a_job_that_publishes_nothing_is_no_success(home: Path) -> None:
    with pytest.raises(errors.ArtifactMissing):
        job(home, "pass").execute(task_context())  # type: ignore[arg-type]


def test_training_becomes_a_spark_job_where_the_model_asks_for_workers(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = json.loads(CAMPAIGN.results_file.read_text())
    results["winner"]["choice"] = {"algorithm": "xgboost", "hyper_parameters": {"n_estimators": 2}, "spark_workers": 2}
    (home / "results.json").write_text(json.dumps(results))
    monkeypatch.setenv("BANK_RESULTS_FILE", str(home / "results.json"))
    impatient = "spark.scheduler.barrier.maxConcurrentTasksCheck"
    (home / "spark-defaults.conf").write_text(f"{impatient}.maxFailures 1\n{impatient}.interval 1s\n")
    monkeypatch.setenv("SPARK_CONF_DIR", str(home))
    context: Any = task_context()
    features = publish_features(features_table(), run_context(context))
    with pytest.raises(errors.SparkJobFailed, match="2 task slots at once"):  # local[1] has one
        TrainOperator(task_id="train_model", refs={"transform_data": features.model_dump()}).execute(context)


def test_a_kill_leaves_no_process_of_the_job(home: Path) -> None:
    started = home / "started"
    operator = job(
        home,
        "import pathlib, time\nfrom pyspark.sql import SparkSession\nSparkSession.builder.getOrCreate()\n"
        f"pathlib.Path({str(started)!r}).touch()\ntime.sleep(600)",
    )

    def run() -> None:
        with suppress(errors.SparkJobFailed):
            operator.execute(task_context())  # type: ignore[arg-type]

    thread = threading.Thread(target=run)
    thread.start()
    wait_for(started.exists, 240)
    assert operator._hook is not None
    group = operator._hook._submit_sp.pid
    assert len(members(group)) >= 2, "spark-submit's JVM and the job's Python"
    operator.on_kill()
    thread.join(120)
    assert not thread.is_alive()
    wait_for(lambda: not members(group), 60)


def members(group: int) -> list[int]:
    """Living processes of a process group."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, IndexError):
                if os.getpgid(int(entry.name)) == group and "State:\tZ" not in (entry / "status").read_text():
                    found.append(int(entry.name))
    return found


def test_a_kill_before_the_job_started_is_quiet() -> None:
    SparkStepOperator(task_id="ingest_data").on_kill()


def test_a_step_refuses_what_is_no_reference() -> None:
    with pytest.raises(errors.ArtifactMissing, match=r"ingest_data left no artifact in this run .* marked as success without"):
        StepOperator(task_id="validate_data", refs={"ingest_data": {"kind": "snapshot"}}).execute(task_context())  # type: ignore[arg-type]
