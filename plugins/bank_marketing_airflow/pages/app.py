"""The routes. Each one has Airflow's own guard; who is not logged in is led to the login and back."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import AccessView, DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_dag, requires_access_view
from fastapi import Depends, FastAPI, HTTPException, Path, Request, Response, status
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse

from bank_marketing.errors import BankMarketingError
from bank_marketing_airflow.addresses import MAILS_PAGE, RUNBOOKS_PAGE, RUNS_PAGE
from bank_marketing_airflow.pages import artifacts, experiment, mails, runbooks

#: One part of an artifact's place. The first character keeps `.` and `..` out.
Part = Annotated[str, Path(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$", max_length=250)]

#: Pages without a script of their own, and with none of anybody else.
STATIC = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}

#: Reports bring scripts, and show what landed. In a sandbox they have no origin: neither cookies nor Airflow's API are theirs.
SANDBOXED = {
    "Content-Security-Policy": "sandbox allow-scripts allow-popups allow-downloads; connect-src 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}

_reads_runs = Depends(requires_access_dag("GET", DagAccessEntity.TASK_INSTANCE))
_reads_docs = Depends(requires_access_view(AccessView.WEBSITE))


def application() -> FastAPI:
    """The application below `/bank-marketing`."""
    app = FastAPI(title="Bank marketing: reports and runbooks", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(BankMarketingError, _told)

    @app.get(f"{RUNS_PAGE}/{{dag_id}}/{{as_of}}/{{run}}/{{component}}/mlflow", dependencies=[_reads_runs])
    def mlflow_run(dag_id: Part, as_of: Part, run: Part, component: Part) -> HTMLResponse:
        """The MLflow run that a component logged, for platforms without an MLflow server."""
        return HTMLResponse(experiment.page(artifacts.place(dag_id, as_of, run, component)), headers=STATIC)

    @app.get(f"{RUNS_PAGE}/{{dag_id}}/{{as_of}}/{{run}}/{{component}}/{{path:path}}", dependencies=[_reads_runs])
    def artifact(dag_id: Part, as_of: Part, run: Part, component: Part, path: str) -> Response:
        """A file for people that a component published."""
        found = artifacts.read(artifacts.place(dag_id, as_of, run, component), path)
        return Response(found.content, media_type=found.media_type, headers=SANDBOXED if found.sandboxed else STATIC)

    @app.get(RUNBOOKS_PAGE, dependencies=[_reads_docs])
    def runbook() -> HTMLResponse:
        """docs/runbooks.md as a page."""
        return HTMLResponse(runbooks.page(), headers=STATIC)

    @app.get(MAILS_PAGE, dependencies=[_reads_runs])
    def undelivered_mails() -> HTMLResponse:
        """Alerts and reports that nobody got."""
        return HTMLResponse(mails.page(), headers=STATIC)

    @app.get("/images/{name}", dependencies=[_reads_docs])
    def picture(name: Annotated[str, Path(pattern=r"^[a-z0-9_]+\.png$")]) -> Response:
        """A picture of the runbooks."""
        return Response(runbooks.picture(name), media_type="image/png", headers=STATIC)

    return app


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == status.HTTP_401_UNAUTHORIZED and "text/html" in request.headers.get("accept", ""):
        back = str(request.url)
        return RedirectResponse(f"{get_auth_manager().get_url_login()}?next={quote(back, safe='')}")
    return PlainTextResponse(str(error.detail), status_code=error.status_code, headers=STATIC)


async def _told(request: Request, error: Exception) -> Response:
    """What is not there, or cannot be read, in the package's own words."""
    return PlainTextResponse(str(error), status_code=status.HTTP_404_NOT_FOUND, headers=STATIC)
