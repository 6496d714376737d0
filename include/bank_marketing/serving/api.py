"""The REST API, version 1; its scoring routes, which are the campaign's own, are in `scoring_routes.py`."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile

from bank_marketing.errors import ArtifactMissing
from bank_marketing.lineage.trace import Trace, trace
from bank_marketing.lists import results
from bank_marketing.lists.entities import LARGEST_LIST
from bank_marketing.serving import files
from bank_marketing.serving.idempotency import Asked, IdempotencyKey
from bank_marketing.serving.predicting import model_brief
from bank_marketing.serving.problems import ProblemError, documented
from bank_marketing.serving.schemas import (
    FilePage,
    FileStatus,
    ModelResponse,
    PredictionPage,
)
from bank_marketing.serving.scoring_routes import ALWAYS, RECORDED, say_replayed
from bank_marketing.serving.service import CurrentUser, InService

PREDICTION_ID = r"^\d{4}-\d{2}-\d{2}-[0-9a-z]+-\d+$"
CURSOR = "`next` of the page before"
Limit = Annotated[int, Query(ge=1, le=500, description="entries of a page")]

CSV: dict[str, Any] = {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "CSV, `;` between cells"}

router = APIRouter(prefix="/api/v1")


@router.get("/predictions", tags=["predictions"], responses=documented("invalid-request", *ALWAYS))
def get_predictions(
    request: Request,
    service: InService,
    who: CurrentUser,
    response: Response,
    on: Annotated[date | None, Query(description="day of the requests, in UTC, with which the ids begin; today")] = None,
    limit: Limit = 100,
    cursor: Annotated[str | None, Query(pattern=PREDICTION_ID, max_length=100, description=CURSOR)] = None,
) -> PredictionPage:
    """The caller's own predictions of a day, page by page, in the order of their ids."""
    day = on or datetime.now(UTC).date()
    found, after = service.predictor.log.page(day, who.name, limit, cursor or "")
    _link(request, response, after or None)
    return PredictionPage(predictions=found, next=after or None)


@router.get("/predictions/{prediction_id}", tags=["predictions"], responses=documented("not-found", "invalid-request", *ALWAYS))
def get_prediction(prediction_id: str, service: InService, who: CurrentUser) -> Trace:
    """The record of a prediction and its trace: model version, training run, snapshot, raw files, each digest checked anew."""
    try:
        return trace(service.store, service.registry, prediction_id)
    except ArtifactMissing as error:
        raise ProblemError("not-found", "There is no prediction with this id.") from error


@router.get("/model", tags=["model"], responses=documented("no-model", "no-features", *ALWAYS))
def get_model(service: InService, who: CurrentUser) -> ModelResponse:
    """The model in production: what it was trained on and when, its figures and digests."""
    loaded = service.predictor.loaded()
    tags = loaded.version.tags
    return ModelResponse(
        **model_brief(loaded).model_dump(),
        stage="production",
        registered_at=loaded.version.created_at,
        loaded_at=loaded.loaded_at,
        as_of=tags.get("as_of", ""),
        threshold=loaded.threshold,
        algorithm=loaded.scorer.model.choice.algorithm,
        metrics=loaded.metrics,
        synthetic=loaded.campaign.synthetic,
        campaign=service.predictor.campaign_brief(loaded, loaded.campaign.next_day),
    )


@router.post("/files", tags=["files"], status_code=202, responses=documented(*RECORDED))
def send_file(
    service: InService,
    who: CurrentUser,
    response: Response,
    file: Annotated[UploadFile, File(description="CSV, .xlsx or .csv.gz whose first line names the contract's columns")],
    day: Annotated[date | None, Form(description="day of the calls; the working day after the last known contact day")] = None,
    list_size: Annotated[
        int | None, Form(ge=1, le=LARGEST_LIST, description="clients on the whole list; those of the file")
    ] = None,
    key: IdempotencyKey = None,
) -> FileStatus:
    """Send a customer list. Good rows are scored in the background; bad ones come back with their reasons."""

    def receive() -> FileStatus:
        return service.files.receive(file.file, file.filename or "list.csv", who, day, list_size)

    if key is None:
        status = receive()
    else:
        content = hashlib.sha256(file.file.read()).hexdigest()
        file.file.seek(0)
        asked = Asked(key, who.key_id, "files", [content, file.filename, day, list_size])
        answer, again = service.answers.once(asked, lambda _: receive().model_dump_json().encode())
        status = FileStatus.model_validate_json(answer)
        say_replayed(response, again)
    response.headers["Location"] = f"/api/v1/files/{status.file_id}"
    return status


@router.get("/files", tags=["files"], responses=documented("invalid-request", *ALWAYS))
def get_files(
    request: Request,
    service: InService,
    who: CurrentUser,
    response: Response,
    limit: Limit = 100,
    cursor: Annotated[str | None, Query(pattern="^[0-9a-f]{32}$", description=CURSOR)] = None,
) -> FilePage:
    """The caller's own files that are kept, newest first, page by page."""
    found, before = service.files.page(who, limit, cursor)
    _link(request, response, before)
    return FilePage(files=found, next=before)


def _link(request: Request, response: Response, cursor: str | None) -> None:
    """Name the next page in the headers, when there is one."""
    if cursor is not None:
        query = urlencode(dict(request.query_params) | {"cursor": cursor})
        response.headers["Link"] = f'<{request.url.path}?{query}>; rel="next"'


@router.get("/files/{file_id}", tags=["files"], responses=documented("not-found", "invalid-request", *ALWAYS))
def get_file(file_id: str, service: InService, who: CurrentUser) -> FileStatus:
    """How far a file is."""
    return service.files.status(file_id, who)


@router.get(
    "/files/{file_id}/result",
    tags=["files"],
    response_class=Response,
    responses=documented("not-found", "not-finished", "invalid-request", *ALWAYS) | {200: CSV},
)
def get_result(
    file_id: str,
    service: InService,
    who: CurrentUser,
    top: Annotated[int | None, Query(ge=1, description="only the first rows of the ranking")] = None,
) -> Response:
    """The scored rows, ranked by probability."""
    content = service.files.content(file_id, who, files.RESULT)
    if top is not None:
        content = results.first_rows(content, top)
    return _download(content, "scored.csv")


@router.get(
    "/files/{file_id}/rejected",
    tags=["files"],
    response_class=Response,
    responses=documented("not-found", "not-finished", "invalid-request", *ALWAYS) | {200: CSV},
)
def get_rejected(file_id: str, service: InService, who: CurrentUser) -> Response:
    """The rows that were not scored, each with its line in the file and the reasons."""
    return _download(service.files.content(file_id, who, files.REJECTED), "rejected.csv")


def _download(content: bytes, name: str) -> Response:
    return Response(
        content, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
