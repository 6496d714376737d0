"""Where a job runs: spark-submit's word, and so the connection `spark_default`, counts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

JOB = """
from bank_marketing.etl.session import spark_session
from bank_marketing.settings import Settings

session = spark_session("where", Settings(spark_master="local[2]"))
conf = session.sparkContext.getConf()
print("WHERE", session.sparkContext.master, conf.get("spark.driver.memory"), conf.get("spark.sql.shuffle.partitions"))
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


def test_without_spark_submit_nothing_is_told_of_its_starting_up(tmp_path: Path) -> None:
    job = tmp_path / "job.py"
    job.write_text(JOB, encoding="utf-8")
    done = subprocess.run([sys.executable, str(job)], capture_output=True, text=True, check=False, timeout=240)
    assert "WHERE local[2] " in done.stdout, done.stderr[-3000:]
    told = [line for line in done.stderr.splitlines() if line]
    assert told == ["WARNING: Using incubator modules: jdk.incubator.vector"], "which Java itself says"
