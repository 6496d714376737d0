"""Score a list: send a file, watch it, see the ranked rows and the rejected ones, choose how many to call."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from bank_marketing.contract import Contract
from bank_marketing.contract.request import example_prospect
from bank_marketing.lists import results
from bank_marketing.lists.columns import known_columns
from bank_marketing.lists.entities import LARGEST_LIST
from bank_marketing.serving import files
from bank_marketing.serving.forms import day_question
from bank_marketing.serving.identity import CSRF_HEADER
from bank_marketing.serving.problems import ProblemError
from bank_marketing.serving.service import InService
from bank_marketing.serving.web import PageUser, render

router = APIRouter()

#: Rows that the page shows; all of them are in the download.
SHOWN = 100


@router.get("/list")
def form(request: Request, service: InService, user: PageUser) -> HTMLResponse:
    """The upload."""
    loaded = service.models.current
    columns = [column for column in service.campaign.contract.prospect_columns if not column.derived]
    day = loaded.campaign.next_day.isoformat() if loaded else ""
    return render(request, "list.html.j2", user, columns=columns, day=day)


@router.get("/list/example.csv")
def example(service: InService, user: PageUser) -> Response:
    """A list of one customer, in the dialect of the landed files."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    client = example_prospect(service.campaign.contract)
    writer.writerow([service.campaign.contract[name].source_name for name in client])
    writer.writerow(client.values())
    headers = {"Content-Disposition": 'attachment; filename="example.csv"'}
    return Response(out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/list")
def send(
    request: Request,
    service: InService,
    user: PageUser,
    file: Annotated[UploadFile, File()],
    day: Annotated[str, Form(max_length=10)] = "",
    list_size: Annotated[str, Form(max_length=12)] = "",
    sure: Annotated[str, Form(max_length=3)] = "",
    csrf: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Receive a file; its own page follows it. With JavaScript the address of that page is the answer."""
    service.identity.check_form(user, request.headers.get(CSRF_HEADER) or csrf)
    try:
        chosen = date.fromisoformat(day) if day else None
    except ValueError as error:
        raise ProblemError("invalid-request", "The day of the calls is no date.") from error
    if not file.filename:
        raise ProblemError("invalid-request", "Choose a file first.")
    campaign = service.predictor.loaded().campaign
    question = day_question(campaign, chosen) if chosen and sure != "yes" else ""
    if question:
        raise ProblemError("invalid-request", question + ".")
    status = service.files.receive(file.file, file.filename, user, chosen, _size(list_size))
    return RedirectResponse(f"/list/{status.file_id}", status_code=303)


@router.get("/list/{file_id}")
def follow(request: Request, file_id: str, service: InService, user: PageUser) -> HTMLResponse:
    """A file on its way, or its result."""
    status = service.files.status(file_id, user)
    done: dict[str, Any] | None = None
    if status.state == "done":
        done = {
            "rows": _head(service.files.content(file_id, user, files.RESULT)),
            "rejected": _named(_head(service.files.content(file_id, user, files.REJECTED)), service.campaign.contract),
            "curve": json.loads(service.files.content(file_id, user, files.CURVE)),
        }
        done["at_threshold"] = _at(done["curve"], status.called)
    name = "list_part.html.j2" if request.headers.get("x-fragment") else "list_result.html.j2"
    return render(request, name, user, status=200, file=status, done=done, shown=SHOWN)


@router.get("/list/{file_id}/curve")
def curve(file_id: str, service: InService, user: PageUser) -> Response:
    """What the slider needs."""
    return Response(service.files.content(file_id, user, files.CURVE), media_type="application/json")


@router.get("/list/{file_id}/{part}.csv")
def download(file_id: str, part: str, service: InService, user: PageUser, top: int = 0) -> Response:
    """The ranked rows, the first `top` of them when it is given; or the rejected ones."""
    if part not in ("scored", "rejected"):
        raise ProblemError("not-found", "There is no such file.")
    content = service.files.content(file_id, user, files.RESULT if part == "scored" else files.REJECTED)
    if top > 0 and part == "scored":
        content = results.first_rows(content, top)
    headers = {"Content-Disposition": f'attachment; filename="{part}.csv"'}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


def _head(content: bytes) -> list[dict[str, str]]:
    rows = csv.DictReader(io.StringIO(content.decode()), delimiter=";")
    return [row for row, _ in zip(rows, range(SHOWN), strict=False)]


def _named(rows: list[dict[str, str]], contract: Contract) -> list[dict[str, str]]:
    """Rows that were left out, with the client under the name that the page knows; they have the list's own columns."""
    names = known_columns(list(rows[0]), contract) if rows else {}
    client = next((names.get(column.name, "") for column in contract.columns if column.role == "identifier"), "")
    return [row | {"client": row.get(client, "")} for row in rows]


def _size(text: str) -> int | None:
    if not text.strip():
        return None
    if not text.strip().isdecimal() or not 0 < int(text) <= LARGEST_LIST:
        raise ProblemError("invalid-request", "The number of clients on the whole list is no whole number above 0.")
    return int(text)


def _at(curve: dict[str, Any], calls: int) -> dict[str, float]:
    """Calls, expected conversions and expected profit at the point of the curve that is nearest to a number of calls."""
    points = [[0, 1.0, 0.0], *curve["points"]]
    n, _, conversions = min(points, key=lambda point: abs(point[0] - calls))
    profit = conversions * curve["deposit_margin"] - n * curve["call_cost"]
    return {"calls": n, "conversions": conversions, "profit": profit}
