"""Buttons on a task's page: to the run in MLflow, Data Docs, the Evidently report, the run report, the model card."""

from __future__ import annotations

from typing import Any

import attrs
from airflow.sdk import BaseOperatorLink

from bank_marketing.components.context import RunContext
from bank_marketing_airflow.addresses import artifact_url


@attrs.define()
class ReportLink(BaseOperatorLink):
    """A page that the task publishes: `path` within its artifact.

    The address is fixed when the task ends (also when it fails), by the operator's attribute `platform_run`.
    """

    title: str
    path: str

    @property
    def name(self) -> str:
        """Text of the button."""
        return self.title

    @property
    def xcom_key(self) -> str:
        """Where the address is kept; one key a title."""
        return f"_link_{self.title.lower().replace(' ', '_')}"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The address, empty when the task did not come so far: a button that leads nowhere is worse than none."""
        run: RunContext | None = getattr(operator, "platform_run", None)
        if run is None or not run.store.exists(f"{run.component_uri(operator.task_id)}/{self.path}"):
            return ""
        return artifact_url(run, operator.task_id, self.path)


@attrs.define()
class MlflowRunLink(BaseOperatorLink):
    """The MLflow run of the trained model: on MLflow's server where people can reach one, else on the platform's own page."""

    @property
    def name(self) -> str:
        """Text of the button."""
        return "MLflow run"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The address, empty when no model was published."""
        run: RunContext | None = getattr(operator, "platform_run", None)
        uri = run.component_uri(operator.task_id) if run else ""
        if run is None or not run.store.has_manifest(uri):
            return ""
        server = run.settings.public_mlflow_url.rstrip("/")
        if not server:
            return artifact_url(run, operator.task_id, "mlflow")
        return f"{server}/#/runs/{run.store.manifest(uri).notes.get('mlflow_run_id')}"


#: Buttons by task.
LINKS: dict[str, tuple[BaseOperatorLink, ...]] = {
    "validate_data": (ReportLink("Data Docs", "data_docs/index.html"),),
    "train_model": (MlflowRunLink(),),
    "detect_drift": (ReportLink("Evidently report", "evidently.html"),),
    "notify_success": (ReportLink("Run report", "report.html"), ReportLink("Model card", "model_card.md")),
    "notify_decision": (ReportLink("Monitoring report", "report.html"),),
}
