"""Alive, ready, measured: for the orchestrator and for Prometheus. No key is asked for, and no client data are in them."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.concurrency import run_in_threadpool

from bank_marketing.errors import BankMarketingError
from bank_marketing.serving.predicting import model_brief
from bank_marketing.serving.problems import ProblemError, documented, log_failure
from bank_marketing.serving.schemas import Health, Ready
from bank_marketing.serving.service import InService, Service

router = APIRouter(tags=["operation"])


@router.get("/healthz", responses=documented("internal", "timeout"))
async def healthz() -> Health:
    """Whether the process answers. Asks nothing of others."""
    return Health(status="alive")


@router.get("/readyz", responses=documented("no-model", "no-features", "unavailable", "internal", "timeout"))
async def readyz(service: InService) -> Ready:
    """Whether requests can be answered: keys, store, features and model are there. What the last look at the registry found."""
    await run_in_threadpool(_check_needs, service)
    loaded, models = service.predictor.loaded(), service.models
    now = datetime.now(UTC)
    return Ready(
        status="ready",
        model=model_brief(loaded),
        loaded_at=loaded.loaded_at,
        model_age_days=round((now - loaded.version.created_at).total_seconds() / 86400, 3),
        checked_at=models.checked_at or now,
        problem=models.public_problem,
        campaign=service.predictor.campaign_brief(loaded, loaded.campaign.next_day),
    )


def _check_needs(service: Service) -> None:
    """Look at what each request needs beside the model. Raises ProblemError: unavailable."""
    try:
        service.identity.keys.all()
    except BankMarketingError as error:
        log_failure(error)
        raise ProblemError("unavailable", "The API keys cannot be read: nobody is let in.") from error
    if service.models.store_problem:
        raise ProblemError("unavailable", service.models.store_problem)


@router.get(
    "/metrics",
    response_class=Response,
    responses=documented("internal", "timeout") | {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(service: InService) -> Response:
    """Latency, counts, score distribution, model version, for Prometheus."""
    return Response(service.measures.page(), media_type=CONTENT_TYPE_LATEST)
