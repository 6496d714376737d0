"""Pages inside Airflow's own server: reports of runs, the experiment behind a model, the runbooks.

Airflow loads plugins in every process; FastAPI and the guards are imported only where a page is first asked for.
"""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def _application() -> Any:
    from bank_marketing_airflow.pages.app import application

    return application()


async def pages(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI application that Airflow mounts."""
    await _application()(scope, receive, send)
