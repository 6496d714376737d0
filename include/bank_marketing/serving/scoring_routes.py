"""Routes that score clients: what they take is the campaign's own model of a client."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel
from pydantic_core import to_json

from bank_marketing.serving.bodies import Bodies
from bank_marketing.serving.idempotency import REPLAYED, Asked, IdempotencyKey
from bank_marketing.serving.identity import Principal
from bank_marketing.serving.predicting import Prediction, PredictionContext, check_day, model_brief
from bank_marketing.serving.problems import ProblemError, documented
from bank_marketing.serving.schemas import BatchRequest, BatchResponse, PredictionRequest
from bank_marketing.serving.service import CurrentUser, InService, Service, in_thread

#: What any route of the API may answer.
ALWAYS = ("unauthorized", "forbidden", "too-many-requests", "internal", "unavailable", "timeout")
WITH_BODY = ("bad-request", "too-large", "unsupported-media-type", "invalid-request", "no-model", "no-features", *ALWAYS)

#: What puts something on record may be sent with an Idempotency-Key.
RECORDED = (*WITH_BODY, "conflict", "key-reused")


def scoring_routes(bodies: Bodies) -> APIRouter:
    """The routes of one campaign."""
    router = APIRouter(prefix="/api/v1", tags=["predictions"])
    for path, route, asked, answer in (
        ("/predictions", predict, bodies.one, bodies.answer),
        ("/predictions/batch", predict_batch, bodies.several, BatchResponse),
    ):
        router.post(path, responses=documented(*RECORDED), response_model=answer)(_asked_with(asked, route))
    return router


def _asked_with(body: type[BaseModel], route: Callable[..., Response]) -> Callable[..., Any]:
    """A route, whose `request` FastAPI reads with `body`: it takes the types from the signature."""
    answer = in_thread(route)
    signature = inspect.signature(route)
    parameters = [
        parameter.replace(annotation=body) if parameter.name == "request" else parameter
        for parameter in signature.parameters.values()
    ]
    vars(answer)["__signature__"] = signature.replace(parameters=parameters)
    return answer


def predict(request: PredictionRequest, service: InService, who: CurrentUser, key: IdempotencyKey = None) -> Response:
    """Score one client: probability of a success, decision, expected profit, reasons. The prediction is put on record."""

    def answer(record: str = "") -> bytes:
        made, common = _predicted([dict(vars(request.prospect))], "prospect", request, service, who, record)
        return to_json(made[0].to_json() | common)

    if key is None:
        return _json(answer())
    return _json(*service.answers.once(Asked(key, who.key_id, "predictions", request.model_dump(mode="json")), answer))


def predict_batch(request: BatchRequest, service: InService, who: CurrentUser, key: IdempotencyKey = None) -> Response:
    """Score several clients of one day, in the order of the request. One that cannot be accepted refuses all of them."""
    if len(request.prospects) > service.api.max_batch:
        raise ProblemError("too-large", f"At most {service.api.max_batch:,} prospects are accepted in one batch; send a file.")

    def answer(record: str = "") -> bytes:
        made, common = _predicted(
            [dict(vars(prospect)) for prospect in request.prospects], "prospects.{}", request, service, who, record
        )
        return to_json({"predictions": [one.to_json() for one in made]} | common)

    if key is None:
        return _json(answer())
    return _json(*service.answers.once(Asked(key, who.key_id, "batch", request.model_dump(mode="json")), answer))


def _predicted(
    rows: list[dict[str, Any]],
    place: str,
    request: PredictionRequest | BatchRequest,
    service: Service,
    who: Principal,
    record: str,
) -> tuple[list[Prediction], dict[str, Any]]:
    """The predictions, and what an answer says of all of them. `place`, `record`: see `check_day` and `PredictionContext`."""
    loaded = service.predictor.loaded()
    day = request.day or loaded.campaign.next_day
    check_day(loaded, rows, day, place)
    size, size_from = service.list_size(request.list_size, day, loaded.campaign)
    made = service.predictor.predict(loaded, rows, PredictionContext(day, size, who.name, "api", record))
    return made, {
        "day": day,
        "list_size": size,
        "list_size_from": size_from,
        "threshold": loaded.threshold,
        "model": model_brief(loaded),
        "campaign": service.predictor.campaign_brief(loaded, day),
    }


def _json(answer: bytes, again: bool | None = None) -> Response:
    """An answer; `again`: whether it was given before, of a request with a key."""
    response = Response(answer, media_type="application/json")
    say_replayed(response, again)
    return response


def say_replayed(response: Response, again: bool | None) -> None:
    """Say whether an answer was given before; of a request without a key (None) nothing."""
    if again is not None:
        response.headers[REPLAYED] = "true" if again else "false"
