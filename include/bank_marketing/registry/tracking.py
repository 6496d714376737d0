"""The connection to MLflow: configured once, patient for seconds and not for minutes."""

from __future__ import annotations

import fcntl
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from bank_marketing.errors import ConfigError, RegistryUnavailable
from bank_marketing.settings import Settings

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

EXPERIMENT = "bank_marketing_training"

#: No bars and no greetings in a task's log; and no page of advice where Git is not installed: manifests name the code's version.
QUIET = {
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}


def connect(settings: Settings) -> MlflowClient:
    """A client of the settings' tracking server, which must answer. Raises RegistryUnavailable."""
    # MLflow's own defaults (7 tries of 120 s) would hold a task for a quarter of an hour.
    os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] = str(settings.registry_timeout_seconds)
    os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    import mlflow
    from mlflow.tracking import MlflowClient

    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("mlflow.utils.environment").setLevel(logging.ERROR)  # an image without pip is as it should be
    logging.getLogger("alembic").setLevel(logging.WARNING)
    uri = settings.tracking_uri
    with answering(settings), _one_at_a_time(uri):
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        for attempt in Retrying(
            retry=retry_if_exception_type(Exception),
            stop=stop_after_attempt(3),
            wait=wait_exponential(multiplier=0.5, max=4),
            reraise=True,
        ):
            with attempt:
                client.search_experiments(max_results=1)
    return client


@contextmanager
def _one_at_a_time(uri: str) -> Iterator[None]:
    """Who comes first makes the tables of a database file: two at once would fail on each other's."""
    if not uri.startswith("sqlite:///"):
        yield
        return
    path = Path(uri.removeprefix("sqlite:///"))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def answering(settings: Settings) -> Iterator[None]:
    """Turn MLflow's failures to answer into RegistryUnavailable."""
    import requests
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (requests.RequestException, SQLAlchemyError, OSError) as error:
        raise _unavailable(settings, error) from error
    except MlflowException as error:
        if "database schema" in str(error):
            raise _other_schema(settings) from error
        if "API request to" in str(error) or error.get_http_status_code() >= 500:
            raise _unavailable(settings, error) from error
        raise


def _other_schema(settings: Settings) -> ConfigError:
    uri = settings.tracking_uri
    return ConfigError(
        f"MLflow's database at {uri.rpartition('@')[2]} was made by another MLflow. Make a copy of it, then bring it up to date: "
        f"{Path(sys.executable).parent / 'mlflow'} db upgrade {uri if '@' not in uri else '<its URI>'}. No model was changed."
    )


def _unavailable(settings: Settings, error: Exception) -> RegistryUnavailable:
    first = str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
    return RegistryUnavailable(
        f"MLflow at {settings.tracking_uri.rpartition('@')[2]} does not answer: {first}. Check that the server runs and that "
        "BANK_MLFLOW_TRACKING_URI is right; no model was changed."
    )


def experiment_id(client: MlflowClient, settings: Settings, name: str = EXPERIMENT) -> str:
    """Id of the experiment, made when there is none. Without a server, its files lie below the platform's own folder."""
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    remote = settings.tracking_uri.startswith(("http://", "https://"))
    location = None if remote else (settings.home / "artifacts" / "mlflow").resolve().as_uri()
    return str(client.create_experiment(name, artifact_location=location))
