"""What all pages share: templates, the session, errors that a person can read."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import lru_cache
from importlib import resources
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from bank_marketing.campaign.presentation import Presentation
from bank_marketing.contract.model import in_words
from bank_marketing.serving.glossary import TERMS
from bank_marketing.serving.identity import Principal
from bank_marketing.serving.problems import KINDS
from bank_marketing.serving.service import Service, service_of

NAVIGATION = (
    ("/score", "Score a customer"),
    ("/list", "Score a list"),
    ("/campaign", "Campaign"),
    ("/model", "Model"),
    ("/docs", "API"),
)


@lru_cache(maxsize=8)
def templates(presentation: Presentation) -> Environment:
    """The pages' templates, in a campaign's words and numbers. Everything that is put into them is escaped."""
    environment = Environment(
        loader=PackageLoader("bank_marketing.serving"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "words": in_words,
        "percent": presentation.percent,
        "decimal": presentation.decimal,
        "day": presentation.day,
        "moment": presentation.moment,
        "money": presentation.money,
        "number": presentation.number,
        "coded": coded,
    }
    environment.globals |= {"static": static, "navigation": NAVIGATION, "presentation": presentation, "terms": TERMS}
    return environment


def coded(text: str) -> Markup:
    """Text with its `code` as such; everything else is escaped."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part) for number, part in enumerate(parts)
    )


@lru_cache
def static(name: str) -> str:
    """Address of a static file, changing with its content so that no browser keeps an old one."""
    content = resources.files("bank_marketing.serving").joinpath("static", name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:10]}"


class LoginNeeded(Exception):
    """A page was asked for without a session."""


def page_user(request: Request) -> Principal:
    """Who looks at a page. Raises LoginNeeded, which sends the browser to the login; ProblemError: too-many-requests."""
    identity = service_of(request).identity
    session = request.scope["principal"] = request.scope.get("principal") or identity.of_session(request)
    if session is None:
        raise LoginNeeded
    identity.count(request, session)
    return session


PageUser = Annotated[Principal, Depends(page_user)]


async def to_login(request: Request, error: Exception) -> Response:
    """Send the browser to the login, and back afterwards. What was filled in when the session ended waits in the login's form."""
    if request.method != "POST":
        return RedirectResponse(f"/login?next={quote(request.url.path)}", status_code=303)
    if request.headers.get("x-fragment"):  # the page's script sends the form again, as a page
        return Response(status_code=401)
    async with request.form(max_files=0, max_fields=100, max_part_size=2_000) as sent:
        kept = {name: value for name, value in sent.items() if isinstance(value, str) and name != "csrf"}
    over = "Your session is over. Sign in again: what you filled in is kept."
    return render(request, "login.html.j2", None, status=401, next=request.url.path, refused=over, kept=kept)


def render(request: Request, name: str, user: Principal | None, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page, or a part of one, from its template."""
    service: Service = service_of(request)
    loaded, api = service.models.current, service.api
    common = {
        "path": request.url.path,
        "user": user,
        "loaded": loaded,
        "stale": bool(loaded and loaded.campaign.is_stale(loaded.campaign.next_day, api.stale_after_days, datetime.now(UTC))),
        "models_problem": service.models.problem,
        "models_title": KINDS[service.models.kind][1],
        "api": api,
    }
    return HTMLResponse(
        templates(service.campaign.presentation).get_template(name).render(**common, **values), status_code=status
    )


def error_page(request: Request, kind: str, detail: str) -> HTMLResponse | None:
    """The page of a problem, for those who look at pages; None for programs."""
    if request.url.path.startswith("/api/") or "text/html" not in request.headers.get("accept", ""):
        return None
    status, title = KINDS[kind]
    user = request.scope.get("principal")
    if request.headers.get("x-fragment"):
        return render(request, "problem.html.j2", user, status=status, title=title, detail=detail)
    return render(request, "error.html.j2", user, status=status, title=title, detail=detail)
