#!/opt/venv/bin/python
"""Health check of a container: asks the real thing, cheaply. `probe.py [NAME]`, where BANK_PROBE names the default.

Exit code 0 when it is well; else 1 with the reason in one line, which `docker inspect` shows. Only the standard library and the
client of what is asked are imported: a check every 15 seconds that loads Airflow would cost more than what it watches.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

#: Seconds that an answer may take; the image's HEALTHCHECK allows ten.
PATIENCE = 8

#: An Airflow component whose last sign of life is older than this is taken for dead, as Airflow's own health page does.
HEARTBEAT_SECONDS = 45


class Unwell(Exception):
    """What is wrong, in one line."""


def get(
    url: str, data: dict[str, Any] | None = None, *, also: tuple[int, ...] = (), headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    """Status and JSON of an answer. Raises Unwell for no answer and for a status that is neither 200 nor in `also`."""
    body = None if data is None else json.dumps(data).encode()
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"} | (headers or {}))  # noqa: S310  own containers
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code in also:
            return error.code, json.load(error)
        raise Unwell(f"{url} answers {error.code}: {error.read(300)!r}") from error
    except (OSError, ValueError) as error:
        raise Unwell(f"{url}: {error}") from error


def heartbeat(job_type: str) -> None:
    """This container's own job beats in Airflow's database."""
    import psycopg2

    from_sqlalchemy = os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("postgresql+psycopg2://", "postgresql://", 1)
    try:
        connection = psycopg2.connect(from_sqlalchemy, connect_timeout=PATIENCE)
        with connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT extract(epoch FROM now() - max(latest_heartbeat)) FROM job"
                " WHERE job_type = %s AND state = 'running' AND hostname = %s",
                (job_type, socket.getfqdn()),
            )
            [(age,)] = cursor.fetchall()
    except psycopg2.Error as error:
        raise Unwell(f"Airflow's database: {error}") from error
    if age is None:
        raise Unwell(f"no {job_type} of this container is running")
    if age > HEARTBEAT_SECONDS:
        raise Unwell(f"the last sign of life of the {job_type} is {age:.0f} s old")


def celery_worker() -> None:
    """This worker answers over the broker."""
    from celery import Celery
    from kombu.exceptions import OperationalError

    name = f"celery@{socket.gethostname()}"
    try:
        answers = Celery(broker=os.environ["AIRFLOW__CELERY__BROKER_URL"]).control.ping(
            destination=[name], timeout=PATIENCE / 2
        )
    except (OperationalError, OSError) as error:
        raise Unwell(f"the broker: {error}") from error
    if not answers:
        raise Unwell(f"{name} does not answer over the broker")


def api_server() -> None:
    """Airflow's API answers and reaches its database."""
    health = get("http://127.0.0.1:8080/api/v2/monitor/health")[1]
    if health["metadatabase"]["status"] != "healthy":
        raise Unwell(f"Airflow says of its database: {health['metadatabase']['status']}")


def spark_master() -> None:
    """The master leads."""
    status = get("http://127.0.0.1:8080/json/")[1]["status"]
    if status != "ALIVE":
        raise Unwell(f"the master is {status}")


def spark_worker() -> None:
    """The worker runs and its master counts on it."""
    worker = get("http://127.0.0.1:8081/json/")[1]
    host = os.environ.get("SPARK_MASTER_HOST", "spark-master")
    known = {each["id"]: each["state"] for each in get(f"http://{host}:8080/json/")[1]["workers"]}
    if known.get(worker["id"]) != "ALIVE":
        raise Unwell(f"the master knows {worker['id']} as {known.get(worker['id'], 'nobody')}")


def mlflow() -> None:
    """MLflow answers to the name that others call it by, from its database and from the artifact store behind it."""
    login: dict[str, str] = {}
    if password := os.environ.get("MLFLOW_TRACKING_PASSWORD"):  # in the cloud the load balancer asks, and MLflow does not
        who = f"{os.environ['MLFLOW_TRACKING_USERNAME']}:{password}"
        login = {"Authorization": "Basic " + base64.b64encode(who.encode()).decode()}
    get("http://127.0.0.1:5000/api/2.0/mlflow/experiments/search", {"max_results": 1}, headers=login)
    get("http://127.0.0.1:5000/api/2.0/mlflow-artifacts/artifacts?path=none", headers=login)


def api() -> None:
    """The service answers; that no model was promoted yet is no illness, a registry or store out of reach is one."""
    get("http://127.0.0.1:8000/healthz")
    status, answer = get("http://127.0.0.1:8000/readyz", also=(503,))
    if status == 503 and not answer.get("type", "").endswith("no-model"):
        raise Unwell(answer.get("detail", "not ready"))


PROBES: dict[str, Callable[[], None]] = {
    "api-server": api_server,
    "scheduler": lambda: heartbeat("SchedulerJob"),
    "dag-processor": lambda: heartbeat("DagProcessorJob"),
    "triggerer": lambda: heartbeat("TriggererJob"),
    "celery-worker": celery_worker,
    "spark-master": spark_master,
    "spark-worker": spark_worker,
    "mlflow": mlflow,
    "api": api,
}


def main(arguments: list[str]) -> int:
    """Run the probe; returns the exit code."""
    name = arguments[0] if arguments else os.environ.get("BANK_PROBE", "")
    if name not in PROBES:
        sys.stderr.write(f"no probe {name!r}; there are {', '.join(PROBES)}\n")
        return 1
    try:
        PROBES[name]()
    except KeyError as missing:
        sys.stderr.write(f"{name}: this container has no {missing.args[0]}: does it run the image of {name}?\n")
        return 1
    except Unwell as reason:
        sys.stderr.write(f"{name}: {reason}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
