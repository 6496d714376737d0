"""Addresses that a person can open: of a run, of what a task made, of a runbook's entry. All lead through Airflow's own login."""

from __future__ import annotations

from urllib.parse import quote

from airflow.configuration import conf

from bank_marketing.components.context import RunContext

#: Where the plugin's pages are, below Airflow's own address.
PREFIX = "/bank-marketing"

#: Artifacts of runs, the runbooks, and the mails that nobody got, below PREFIX.
RUNS_PAGE, RUNBOOKS_PAGE, MAILS_PAGE = "/runs", "/runbooks", "/mails"


def base_url() -> str:
    """Airflow's address as browsers know it, without a trailing slash."""
    return str(conf.get("api", "base_url", fallback="") or "http://localhost:8080").rstrip("/")


def run_url(dag_id: str, run_id: str) -> str:
    """Address of a run in Airflow's UI."""
    return f"{base_url()}/dags/{dag_id}/runs/{quote(run_id)}"


def approval_url(dag_id: str, run_id: str, task_id: str) -> str:
    """Where a waiting task is answered."""
    return f"{run_url(dag_id, run_id)}/tasks/{task_id}/required_actions"


def artifact_url(run: RunContext, component: str, path: str) -> str:
    """Address of a file that a component published."""
    place = run.component_uri(component).removeprefix(run.store.uri("runs"))
    return f"{base_url()}{PREFIX}{RUNS_PAGE}{quote(place)}/{quote(path)}"


def reachable(html: str, run: RunContext) -> str:
    """A mail of the package, which links artifacts by their place in the store, with addresses that a browser can open."""
    return html.replace(f'href="{run.store.uri("runs")}/', f'href="{base_url()}{PREFIX}{RUNS_PAGE}/')


def data_docs_url(run: RunContext) -> str:
    """Address of a run's Data Docs."""
    return artifact_url(run, "validate_data", "data_docs/index.html")


def runbook_url(anchor: str) -> str:
    """Address of a runbook's entry."""
    return f"{base_url()}{PREFIX}{RUNBOOKS_PAGE}#{anchor}"
