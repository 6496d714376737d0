"""The MLflow run behind a model, as a page: the embedded default has MLflow's database, and no server of it."""

from __future__ import annotations

from datetime import UTC, datetime

from bank_marketing.errors import ArtifactMissing
from bank_marketing.settings import Settings
from bank_marketing_airflow.pages.artifacts import manifest
from bank_marketing_airflow.pages.markdown import templates


def page(uri: str) -> str:
    """The page about the run that made the model artifact at `uri`.

    Raises:
        ArtifactMissing: the artifact names no run, or MLflow does not know it.
        RegistryUnavailable: MLflow does not answer.
    """
    from mlflow.exceptions import MlflowException

    from bank_marketing.registry.tracking import answering, connect

    run_id = str(manifest(uri).notes.get("mlflow_run_id") or "")
    if not run_id:
        raise ArtifactMissing(f"{uri} was made without a run of MLflow")
    settings = Settings()
    try:
        with answering(settings):
            run = connect(settings).get_run(run_id)
    except MlflowException as error:
        raise ArtifactMissing(f"MLflow does not know the run {run_id}: {error}") from error
    return (
        templates()
        .get_template("mlflow.html.j2")
        .render(
            run_id=run_id,
            name=run.info.run_name,
            started=f"{datetime.fromtimestamp(run.info.start_time / 1000, UTC):%Y-%m-%d %H:%M} UTC",
            tables={
                "Metrics": {name: f"{value:.4g}" for name, value in sorted(run.data.metrics.items())},
                "Parameters": dict(sorted(run.data.params.items())),
                "Tags": {name: value for name, value in sorted(run.data.tags.items()) if not name.startswith("mlflow.")},
            },
        )
    )
