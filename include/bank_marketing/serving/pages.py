"""The analyst's pages: login, the model's state in the page's head, the API's reference, and the pages proper."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from bank_marketing.serving import campaign_page, list_page, model_page, score_page
from bank_marketing.serving.identity import check_same_origin
from bank_marketing.serving.problems import KINDS, ProblemError
from bank_marketing.serving.service import InService, Service
from bank_marketing.serving.web import PageUser, render

router = APIRouter(include_in_schema=False)
router.include_router(score_page.router)
router.include_router(list_page.router)
router.include_router(campaign_page.router)
router.include_router(model_page.router)


@router.get("/")
def home() -> RedirectResponse:
    """The first page."""
    return RedirectResponse("/score", status_code=303)


@router.get("/login")
def login_form(request: Request, service: InService, next: str = "/score") -> Response:  # noqa: A002  the usual name in addresses
    """The login."""
    if service.identity.of_session(request) is not None:
        return RedirectResponse(_local(next), status_code=303)
    return render(request, "login.html.j2", None, next=_local(next), refused="", kept={})


@router.post("/login")
async def login(request: Request, service: InService) -> Response:
    """Start a session with an API key; a form that was being filled in when the last one ended is there again."""
    check_same_origin(request)
    async with request.form(max_files=0, max_fields=100, max_part_size=2_000) as sent:
        given = {name: value for name, value in sent.items() if isinstance(value, str)}
    return await run_in_threadpool(_sign_in, request, service, given)


def _sign_in(request: Request, service: Service, given: dict[str, str]) -> Response:
    kept = {name.removeprefix("kept_"): value for name, value in given.items() if name.startswith("kept_")}
    onward = _local(given.get("next", ""))
    try:
        _, key = service.identity.check_key(request, given.get("key", "").strip())
    except ProblemError as error:
        status, _ = KINDS[error.kind]
        return render(request, "login.html.j2", None, status=status, next=onward, refused=error.detail, kept=kept)
    holder = Response()
    user = service.identity.start_session(holder, key)
    response = score_page.form_page(request, service, user, kept) if kept else RedirectResponse(onward, status_code=303)
    response.headers["set-cookie"] = holder.headers["set-cookie"]
    return response


@router.post("/logout")
def logout(request: Request, service: InService, user: PageUser, csrf: Annotated[str, Form()] = "") -> Response:
    """End the session."""
    service.identity.check_form(user, csrf)
    response = RedirectResponse("/login", status_code=303)
    service.identity.end_session(request, response)
    return response


@router.get("/status")
def status(request: Request, user: PageUser) -> HTMLResponse:
    """The model's state in the page's head; open pages ask for it now and then."""
    return render(request, "status.html.j2", user)


@router.get("/docs")
def reference(request: Request, user: PageUser) -> HTMLResponse:
    """The API's reference, from its OpenAPI document."""
    return render(
        request, "docs.html.j2", user, document=request.app.openapi(), kinds=KINDS, base_url=str(request.base_url).rstrip("/")
    )


def _local(address: str) -> str:
    """An address of this site; anything else would make the login a springboard to other sites."""
    return address if address.startswith("/") and not address.startswith(("//", "/\\")) else "/score"
