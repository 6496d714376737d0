"""Alive, ready, measured: for the orchestrator and for Prometheus. No key is asked for, and no client data are in them."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from bank_marketing.serving.predicting import model_brief
from bank_marketing.serving.problems import documented
from bank_marketing.serving.schemas import Health, Ready
from bank_marketing.serving.service import InService

router = APIRouter(tags=["operation"])


@router.get("/healthz", responses=documented("internal", "timeout"))
async def healthz() -> Health:
    """Whether the process answers. Asks nothing of others."""
    return Health(status="alive")


@router.get("/readyz", responses=documented("no-model", "unavailable", "internal", "timeout"))
async def readyz(service: InService) -> Ready:
    """Whether a model is loaded, how old it is, and what the last look at the registry found."""
    loaded, models = service.predictor.loaded(), service.models
    now = datetime.now(UTC)
    return Ready(
        status="ready",
        model=model_brief(loaded),
        loaded_at=loaded.loaded_at,
        model_age_days=round((now - loaded.version.created_at).total_seconds() / 86400, 3),
        checked_at=models.checked_at or now,
        problem=models.problem,
        campaign=service.predictor.campaign_brief(loaded, loaded.campaign.next_day),
    )


@router.get(
    "/metrics",
    response_class=Response,
    responses=documented("internal", "timeout") | {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(service: InService) -> Response:
    """Latency, counts, score distribution, model version, for Prometheus."""
    return Response(service.measures.page(), media_type=CONTENT_TYPE_LATEST)
