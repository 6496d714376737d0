"""The analyst's pages: login, the model's state in the page's head, the API's reference, and the pages proper."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from bank_marketing.serving import campaign_page, list_page, model_page, score_page
from bank_marketing.serving.identity import check_same_origin
from bank_marketing.serving.problems import KINDS, ProblemError
from bank_marketing.serving.service import InService
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
    return render(request, "login.html.j2", None, next=_local(next), refused="")


@router.post("/login")
def login(
    request: Request,
    service: InService,
    key: Annotated[str, Form(max_length=200)] = "",
    next: Annotated[str, Form(max_length=200)] = "/score",  # noqa: A002
) -> Response:
    """Start a session with an API key."""
    check_same_origin(request)
    try:
        principal = service.identity.check_key(request, key.strip())
    except ProblemError as error:
        status, _ = KINDS[error.kind]
        return render(request, "login.html.j2", None, status=status, next=_local(next), refused=error.detail)
    response = RedirectResponse(_local(next), status_code=303)
    service.identity.start_session(response, principal)
    return response


@router.post("/logout")
def logout(request: Request, service: InService, user: PageUser, csrf: Annotated[str, Form()] = "") -> Response:
    """End the session."""
    service.identity.check_form(user, csrf)
    response = RedirectResponse("/login", status_code=303)
    service.identity.end_session(response)
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
