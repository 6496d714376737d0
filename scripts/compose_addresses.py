"""Where everything of the compose stack is: the last step of `docker compose up` and the last words of `make up`. Standard library only."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

#: Name in `.env` -> (default, what listens there, how to log in).
PORTS = {
    "PLATFORM_AIRFLOW_PORT": (8080, "Airflow", "user admin"),
    "PLATFORM_API_PORT": (8000, "API and pages", "log in with the API key"),
    "PLATFORM_MLFLOW_PORT": (5000, "MLflow", "user admin"),
    "PLATFORM_SPARK_PORT": (8081, "Spark", ""),
    "PLATFORM_MAIL_PORT": (1080, "mailbox", ""),
    "PLATFORM_S3_PORT": (8333, "S3", "for aws --endpoint-url"),
}

#: The same of the profile `proxy`.
PROXY = {"PLATFORM_PROXY_PORT": (8443, "API and pages", "by https, through the proxy")}

NEXT = "Next: trigger the DAG bank_marketing_training in Airflow, with the day 2010-06-30."


def ports(values: Mapping[str, str]) -> dict[str, tuple[int, str, str]]:
    """What is published: PORTS, and the proxy's where its profile is on."""
    return PORTS | (PROXY if "proxy" in values.get("COMPOSE_PROFILES", "").split(",") else {})


def addresses(values: Mapping[str, str]) -> Iterator[str]:
    """A line for each address."""
    for name, (default, what, remark) in ports(values).items():
        scheme = "https" if name in PROXY else "http"
        address = f"{scheme}://localhost:{values.get(name) or default}"
        yield f"  {what:<15} {address:<24} {remark}".rstrip()


if __name__ == "__main__":
    print("\nEverything is up:", *addresses(os.environ), sep="\n")
    print("\nPasswords: docker compose run --rm secrets show")
    print(NEXT)
