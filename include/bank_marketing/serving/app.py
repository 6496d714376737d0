"""The app: API, pages, operation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from bank_marketing import __version__
from bank_marketing.serving import api, health, pages, problems, web
from bank_marketing.serving.openapi import document
from bank_marketing.serving.request_limits import RequestLimits
from bank_marketing.serving.scoring_routes import scoring_routes
from bank_marketing.serving.service import Service
from bank_marketing.serving.settings import ApiSettings
from bank_marketing.settings import Settings

DESCRIPTION = """\
Is it worth calling this client? One client, a batch or a file, each with the reasons, on the model that is in
production. The fields come from the data contract; what is known only after a call ({late}) is refused.

Send an API key as `Authorization: Bearer …` or `X-API-Key: …`. Every error is a problem detail (RFC 9457), `application/problem+json`.
"""

#: Scoring is bound by the processor: more threads would only wait for each other.
THREADS = 8


def create_app(settings: Settings | None = None, api_settings: ApiSettings | None = None) -> FastAPI:
    """Make the app. Without a model in production it starts all the same, and says so in `/readyz`.

    Raises:
        ConfigError: API keys are off on an address that others reach.
    """
    settings, limits = settings or Settings(), api_settings or ApiSettings()
    limits.check_exposure()
    service = Service(settings, limits)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        await anyio.to_thread.run_sync(service.models.start)
        service.housekeeping.start()
        yield
        await anyio.to_thread.run_sync(service.housekeeping.stop)
        await anyio.to_thread.run_sync(service.models.stop)
        await anyio.to_thread.run_sync(service.files.close)

    app = FastAPI(
        title="Bank Marketing API",
        version=__version__,
        description=DESCRIPTION.format(late=", ".join(f"`{name}`" for name in service.campaign.features.forbidden)),
        lifespan=lifespan,
        docs_url=None,  # FastAPI's own page loads its scripts from elsewhere; /docs is ours
        redoc_url=None,
    )
    app.state.service = service
    app.include_router(scoring_routes(service.bodies))
    app.include_router(api.router)
    app.include_router(health.router)
    app.include_router(pages.router)
    app.mount("/static", StaticFiles(packages=[("bank_marketing.serving", "static")]), name="static")
    problems.install(app, web.error_page)
    app.add_exception_handler(web.LoginNeeded, web.to_login)
    app.add_middleware(RequestLimits, api=limits, admission=service.admission, measures=service.measures)
    app.openapi = lambda: document(app)  # type: ignore[method-assign]  # FastAPI's documented way to extend the document
    return app
