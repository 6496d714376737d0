"""What Spark is told about S3 when the artifacts lie there: which jars, and how to reach the store."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bank_marketing.errors import ConfigError
from bank_marketing.settings import PROJECT_DIR, Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: Where `make s3-jars` puts what PySpark lacks; images have it beside PySpark's own jars.
JARS_FOLDER = PROJECT_DIR / ".cache" / "spark-jars"

#: Files are asked for one by one on a file system; on S3 each of them costs a round trip, so many are asked for at once.
SESSION_OPTIONS = {
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "32",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "16",
}

#: Bounds on waiting: a store that is down fails a job within a minute or two, and is not retried for a quarter of an hour.
OPTIONS = {
    "fs.s3a.attempts.maximum": "4",
    "fs.s3a.retry.limit": "4",
    "fs.s3a.retry.interval": "500ms",
    "fs.s3a.connection.establish.timeout": "5s",
    "fs.s3a.connection.request.timeout": "2m",
    # A rename is a copy on S3, and this version needs one a file. A task that dies while it commits is safe with it: the folder is its
    # try's own, nobody reads it before the job has ended, and a second attempt gives its files the same names.
    "mapreduce.fileoutputcommitter.algorithm.version": "2",
    # No looking for a folder of the same name before a file is made: names in a stage are unique.
    "fs.s3a.create.performance": "true",
    "fs.s3a.input.stream.type": "classic",
}


def on_s3(settings: Settings) -> bool:
    """Whether the artifacts lie on S3."""
    return settings.artifacts.startswith("s3://")


def jars(settings: Settings) -> list[Path]:
    """Jars that a Spark job must be given: none for artifacts on a file system, or where PySpark has them already.

    Raises:
        ConfigError: they are needed, and nowhere.
    """
    if not on_s3(settings):
        return []
    found = importlib.util.find_spec("pyspark")
    # Below spark-submit, pyspark is imported from a zip: there, SPARK_HOME says where Spark is.
    homes = [os.environ.get("SPARK_HOME"), Path(found.origin).parent if found and found.origin else None]
    if any(any((Path(home) / "jars").glob("hadoop-aws-*.jar")) for home in homes if home):
        return []
    brought = sorted(JARS_FOLDER.glob("*.jar"))
    if not any(jar.name.startswith("hadoop-aws-") for jar in brought):
        raise ConfigError(
            f"BANK_ARTIFACT_ROOT={settings.artifacts}: Spark has no jars for s3a:// in {JARS_FOLDER} or beside PySpark's own; fetch them "
            "with `make s3-jars`"
        )
    return brought


def use_s3(session: SparkSession, settings: Settings) -> None:
    """Tell a running session how to reach the store. Keys go this way, and never over a command line or into the session's options.

    Raises:
        ConfigError: the session was started without the jars.
    """
    hadoop = session.sparkContext._jsc.hadoopConfiguration()
    if hadoop.getClassByNameOrNull("org.apache.hadoop.fs.s3a.S3AFileSystem") is None:
        raise ConfigError(
            f"BANK_ARTIFACT_ROOT={settings.artifacts}: this Spark has no hadoop-aws. Fetch its jars with `make s3-jars` and submit with "
            f"`--jars {JARS_FOLDER}/*.jar` (separated by commas), or put them beside PySpark's own"
        )
    patience = {"fs.s3a.connection.timeout": f"{settings.s3_timeout_seconds:.0f}s"}
    for name, value in (OPTIONS | patience).items():
        if not _chosen(hadoop, name):
            hadoop.set(name, value)
    if settings.s3_endpoint_url:
        hadoop.set("fs.s3a.endpoint", settings.s3_endpoint_url)
        hadoop.set("fs.s3a.endpoint.region", "us-east-1")
        hadoop.set("fs.s3a.path.style.access", "true")
        hadoop.set("fs.s3a.connection.ssl.enabled", str(settings.s3_endpoint_url.startswith("https://")).lower())
    if settings.s3_access_key and settings.s3_secret_key:
        hadoop.set("fs.s3a.access.key", settings.s3_access_key.get_secret_value())
        hadoop.set("fs.s3a.secret.key", settings.s3_secret_key.get_secret_value())
        hadoop.set("fs.s3a.aws.credentials.provider", "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider")


def _chosen(hadoop: Any, name: str) -> bool:
    """Whether somebody has set an option: in core-site.xml, spark-defaults.conf or the connection, and not just Hadoop or Spark itself."""
    sources = hadoop.getPropertySources(name)
    return bool(sources) and not any(default in sources[-1] for default in ("-default.xml", "default values"))
