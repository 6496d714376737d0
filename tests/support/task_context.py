"""What Airflow tells a task and its callbacks, as far as the plugins read it."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from airflow.sdk import DAG


def task_context(task_id: str = "ingest_data", *, error: BaseException | None = None, **run: Any) -> dict[str, Any]:
    """Context of a task that has used its last try."""
    params = run.pop("params", {})
    events = run.pop("events", {})
    about: dict[str, Any] = {
        "dag_id": "bank_marketing_training", "run_id": "manual__1", "run_type": "manual",
        "logical_date": datetime(2010, 6, 30, tzinfo=UTC), "run_after": datetime(2010, 7, 1, tzinfo=UTC), "conf": {},
    }  # fmt: skip
    about |= run
    base = f"http://localhost:8080/dags/{about['dag_id']}/runs/{about['run_id']}"
    ti = SimpleNamespace(
        task_id=task_id, dag_id=about["dag_id"], run_id=about["run_id"], try_number=3, max_tries=2,
        log_url=f"{base}/tasks/{task_id}?try_number=3",
    )  # fmt: skip
    fields = {"as_of": None, "promote": "auto", "approval": False, "reason": None}
    dag = DAG(str(about["dag_id"]), schedule=None, params=fields)
    context = {"dag_run": SimpleNamespace(**about), "params": params, "triggering_asset_events": events, "ti": ti, "dag": dag}
    return context if error is None else context | {"exception": error}
