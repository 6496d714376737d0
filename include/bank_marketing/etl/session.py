"""One way to get a Spark session: the same on a laptop, under spark-submit and on a cluster."""

from __future__ import annotations

import os
import sys

from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

from bank_marketing.errors import ConfigError
from bank_marketing.etl import s3a
from bank_marketing.etl.driver_java import COMPILE_HUGE_METHODS, driver_java_options
from bank_marketing.settings import Settings
from bank_marketing.shell_environment import nameless

#: Options that results depend on; the rest is the cluster's business.
RESULT_OPTIONS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.parquet.compression.codec": "zstd",
    # Rows are written by day in the order they come in. A sort by day first would cost time, and their order where it spills.
    "spark.sql.optimizer.plannedWrite.enabled": "false",
    "spark.sql.maxConcurrentOutputFileWriters": "1000",
}

#: Options that only matter for speed on small days; a cluster overrides them in spark-defaults or the connection.
LOCAL_OPTIONS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "4",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "2000",
}


#: What to do for a container or a service with an arbitrary UID.
NAMELESS = (
    "the user {uid} has no name on this machine, and Spark's Java does not start without one: add a line for it to /etc/passwd, or "
    "start the command under libnss_wrapper.so as deploy/docker/entrypoint.sh does"
)


def spark_session(app_name: str, settings: Settings) -> SparkSession:
    """The running session, or a new one.

    spark-submit (and so the `spark_default` connection) decides about the master; without it, `settings.spark_master` does. When the
    artifacts lie on S3, the session can read and write s3a:// URIs.

    Raises:
        ConfigError: the artifacts lie on S3, and Spark has no jars for it; or this UID has no name, without which Java does not start.
    """
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if "PYSPARK_GATEWAY_PORT" in os.environ:
        SparkContext._ensure_initialized()  # connects to spark-submit's JVM: before that, SparkConf knows nothing of its options
    elif nameless() and "NSS_WRAPPER_PASSWD" not in os.environ:
        raise ConfigError(NAMELESS.format(uid=os.getuid()))
    conf = SparkConf()
    options = dict(RESULT_OPTIONS)
    if not conf.get("spark.master"):
        conf.setMaster(settings.spark_master)
        options["spark.driver.memory"] = settings.spark_driver_memory
        if not conf.contains("spark.driver.extraJavaOptions"):
            options["spark.driver.extraJavaOptions"] = driver_java_options(settings)
        if jars := s3a.jars(settings):
            options["spark.jars"] = ",".join(map(str, jars))
    executors = "spark.executor.extraJavaOptions"
    options[executors] = f"{conf.get(executors, '')} {COMPILE_HUGE_METHODS}".strip()
    if COMPILE_HUGE_METHODS not in options.get("spark.driver.extraJavaOptions", conf.get("spark.driver.extraJavaOptions", "")):
        options["spark.sql.codegen.hugeMethodLimit"] = "8000"  # many small methods, as this Java compiles no huge one
    preferred = LOCAL_OPTIONS if conf.get("spark.master", "").startswith("local") else {}
    if s3a.on_s3(settings):
        preferred = preferred | s3a.SESSION_OPTIONS
    options |= {name: value for name, value in preferred.items() if not conf.contains(name)}
    conf.setAppName(app_name)
    conf.setAll(list(options.items()))
    session = SparkSession.builder.config(conf=conf).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    if s3a.on_s3(settings):
        s3a.use_s3(session, settings)
    return session
