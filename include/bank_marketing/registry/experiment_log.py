"""The search for a model in MLflow: one parent run, and one nested run for each experiment and each trial of Optuna."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bank_marketing.modeling.choice import ModelSpec
from bank_marketing.registry.tracking import answering, connect, experiment_id
from bank_marketing.settings import Settings

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

EXPERIMENT = "bank_marketing_experiments"


class ExperimentLog:
    """Writes to one parent run; made by `experiment_log`."""

    def __init__(self, client: MlflowClient, settings: Settings, experiment: str, parent: str) -> None:
        self._client, self._settings, self._experiment, self.parent = client, settings, experiment, parent

    def record(self, group: str, name: str, choice: ModelSpec, figures: Mapping[str, float]) -> None:
        """Keep an experiment as a finished nested run: its choice as parameters, its figures as metrics."""
        from mlflow.entities import Metric, Param

        flat = choice.model_dump(mode="json")
        flat |= {f"hyper_parameters.{key}": value for key, value in flat.pop("hyper_parameters").items()}
        flat |= {f"window.{key}": value for key, value in flat.pop("window").items()}
        now = int(time.time() * 1000)
        with answering(self._settings):
            tags = {"mlflow.parentRunId": self.parent, "group": group}
            run = self._client.create_run(self._experiment, run_name=name, tags=tags)
            self._client.log_batch(
                run.info.run_id,
                metrics=[Metric(key, float(value), now, 0) for key, value in figures.items()],
                params=[Param(key, str(value)) for key, value in flat.items()],
            )
            self._client.set_terminated(run.info.run_id)

    def keep(self, *paths: Path) -> None:
        """Keep files with the parent run."""
        with answering(self._settings):
            for path in paths:
                self._client.log_artifact(self.parent, str(path))


@contextmanager
def experiment_log(settings: Settings, name: str, tags: Mapping[str, str]) -> Iterator[ExperimentLog]:
    """A parent run that is open while the block runs, and ends FAILED when the block does.

    Raises:
        RegistryUnavailable: MLflow does not answer.
    """
    client = connect(settings)
    with answering(settings):
        experiment = experiment_id(client, settings, EXPERIMENT)
        parent = client.create_run(experiment, run_name=name, tags=dict(tags)).info.run_id
    status = "FAILED"
    try:
        yield ExperimentLog(client, settings, experiment, parent)
        status = "FINISHED"
    finally:
        with answering(settings):
            client.set_terminated(parent, status=status)
