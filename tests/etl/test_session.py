"""Where a job runs: spark-submit's word, and so the connection `spark_default`, counts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bank_marketing.etl.driver_java import SHORT_JOB

JOB = """
from bank_marketing.etl.session import spark_session
from bank_marketing.settings import Settings

session = spark_session("where", Settings(spark_master="local[2]"))
conf = session.sparkContext.getConf()
print("WHERE", session.sparkContext.master, conf.get("spark.driver.memory"), conf.get("spark.sql.shuffle.partitions"))
print("HUGE", conf.get("spark.executor.extraJavaOptions"), conf.get("spark.sql.codegen.hugeMethodLimit", "compiled"))
"""


def test_the_master_and_options_of_spark_submit_are_kept(tmp_path: Path) -> None:
    job = tmp_path / "job.py"
    job.write_text(JOB, encoding="utf-8")
    submit = [str(Path(sys.executable).with_name("spark-submit")), "--master", "local[1]", "--driver-memory", "600m"]
    done = subprocess.run(
        [*submit, "--conf", "spark.sql.shuffle.partitions=3", str(job)],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert "WHERE local[1] 600m 3" in done.stdout, done.stderr[-3000:]
    assert "-XX:-DontCompileHugeMethods 8000" in done.stdout, "this driver's Java leaves huge methods to its interpreter"


def test_without_spark_submit_nothing_is_told_of_its_starting_up(tmp_path: Path) -> None:
    job = tmp_path / "job.py"
    job.write_text(JOB, encoding="utf-8")
    done = subprocess.run([sys.executable, str(job)], capture_output=True, text=True, check=False, timeout=240)
    assert "WHERE local[2] " in done.stdout, done.stderr[-3000:]
    assert "-XX:-DontCompileHugeMethods compiled" in done.stdout
    told = [line for line in done.stderr.splitlines() if line]
    assert told == ["WARNING: Using incubator modules: jdk.incubator.vector"], "which Java itself says"


@pytest.mark.parametrize(("more", "short"), [(0, True), (1, False)])
def test_a_session_over_little_does_without_the_optimizing_compiler(tmp_path: Path, more: int, short: bool) -> None:
    landed = tmp_path / "contacts" / "dt=2010-03-01" / "contacts.csv"
    landed.parent.mkdir(parents=True)
    with landed.open("wb") as file:
        file.truncate(SHORT_JOB + more)
    job = tmp_path / "job.py"
    java = "session.sparkContext._jvm.java.lang.management.ManagementFactory.getRuntimeMXBean()"
    said = f'print("JAVA", *{java}.getInputArguments())'
    job.write_text(JOB + said, encoding="utf-8")
    names = {"SPARK_SUBMIT_OPTS", "SPARK_LAUNCHER_OPTS"}  # with which tests start Java quickly
    environment = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run(
        [sys.executable, str(job)],
        env=environment | {"BANK_LANDING_ROOT": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert ("-XX:TieredStopAtLevel=1" in done.stdout.split()) is short, done.stderr[-3000:]
    assert "JAVA" in done.stdout
