"""How the Java of Spark compiles: for a laptop's session, for the jobs that Airflow submits and for executors alike."""

from __future__ import annotations

from bank_marketing.landing.zone import LandingZone
from bank_marketing.settings import Settings, spark_java_options

#: Bytes of all landed files, some 500,000 contacts, up to which a Spark job lasts seconds.
SHORT_JOB = 64 * 2**20

#: Java leaves methods of more than 8,000 bytes to its interpreter, and what Spark generates to judge a row is one: compiled, it takes two
#: thirds of the time.
COMPILE_HUGE_METHODS = "-XX:-DontCompileHugeMethods"


def driver_java_options(settings: Settings) -> str:
    """Java's options for a driver: a short job does without the optimizing compiler, which would take two fifths of its time.

    Where much has landed, what that compiler makes runs more than twice as fast.
    """
    short = LandingZone(settings.landing).size <= SHORT_JOB
    return f"{spark_java_options()} {COMPILE_HUGE_METHODS}" + (" -XX:TieredStopAtLevel=1" if short else "")
