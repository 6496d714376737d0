"""Spark's jobs in tests last some seconds, most of which Java spends on starting. Two things make it start twice as fast.

Without its optimizing compiler, which does not pay in such a time; and with what a small job has loaded and checked, kept in an archive
(class-data sharing, <https://docs.oracle.com/en/java/javase/17/vm/class-data-sharing.html>) beside pytest's cache. A Java that
does not take the archive starts without it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

COMPILER = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"

#: What most jobs do, so that most of their classes are loaded.
SMALL_JOB = """
import sys
from pyspark.sql import SparkSession, functions as F
session = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
rows = session.range(1000).select("id", (F.col("id") % 7).cast("string").alias("k"), F.to_json(F.struct("id")).alias("j"))
rows.write.option("header", "true").csv(sys.argv[1] + "/csv")
read = session.read.schema("id long, k string, j string").option("header", "true").option("mode", "PERMISSIVE").csv(sys.argv[1] + "/csv")
read.groupBy("k").agg(F.sum("id")).join(read, "k").write.partitionBy("k").parquet(sys.argv[1] + "/parquet")
session.read.parquet(sys.argv[1] + "/parquet").toPandas()
session.stop()
"""


def use(archive: Path) -> None:
    """Let the Spark jobs of this process and its children start in this way; the archive need not be there yet."""
    os.environ["SPARK_LAUNCHER_OPTS"] = COMPILER
    os.environ["SPARK_SUBMIT_OPTS"] = f"{COMPILER} -XX:SharedArchiveFile={archive} -Xlog:disable"


def archive_in(cache: Path) -> Path:
    """Where the archive lies: one a Java and a set of jars, which both must be those it was made with."""
    import pyspark

    java = Path(os.environ.get("JAVA_HOME", "/usr")) / "bin" / "java"
    jars = sorted(path.name for path in (Path(pyspark.__file__).parent / "jars").iterdir())
    key = sha256("\n".join([str(java.resolve()), str(java.stat().st_mtime_ns) if java.exists() else "", *jars]).encode())
    return cache / f"{key.hexdigest()[:12]}.jsa"


def make(archive: Path, scratch: Path) -> None:
    """Run a small job that leaves its classes in the archive: some twenty seconds, once."""
    script = scratch / "small_job.py"
    script.write_text(SMALL_JOB)
    made = archive.with_suffix(".new")
    told = os.environ | {"SPARK_SUBMIT_OPTS": f"{COMPILER} -XX:ArchiveClassesAtExit={made} -Xlog:disable"}
    submit = Path(sys.executable).with_name("spark-submit")
    subprocess.run([submit, script, str(scratch)], env=told, check=False, capture_output=True, timeout=300)
    if made.exists():
        made.replace(archive)
