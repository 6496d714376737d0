"""How the Java of a Spark driver compiles: for a laptop's session and for the jobs that Airflow submits alike."""

from __future__ import annotations

from bank_marketing.landing.zone import LandingZone
from bank_marketing.settings import Settings, spark_java_options

#: Bytes of all landed files, some 500,000 contacts, up to which a Spark job lasts seconds.
SHORT_JOB = 64 * 2**20


def driver_java_options(settings: Settings) -> str:
    """Java's options for a driver: a short job does without the optimizing compiler, which would take two fifths of its time.

    Where much has landed, what that compiler makes runs more than twice as fast.
    """
    short = LandingZone(settings.landing).size <= SHORT_JOB
    return spark_java_options() + (" -XX:TieredStopAtLevel=1" if short else "")
