"""Errors in one documented shape: problem details, RFC 9457. No stack trace, and no value that a client sent, leaves the service."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from bank_marketing.errors import BankMarketingError, ContractViolation

MEDIA_TYPE = "application/problem+json"

log = logging.getLogger(__name__)


class FieldProblem(BaseModel):
    """One field that cannot be accepted, and why."""

    model_config = ConfigDict(extra="forbid")

    field: str = Field(description="path of the field in the request, empty for the whole", examples=["prospect.age"])
    problem: str = Field(examples=["must be at least 17"])


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description="kind of the problem", examples=["/problems/invalid-request"])
    title: str = Field(examples=["The request does not keep the contract"])
    status: int = Field(examples=[422])
    detail: str = Field(description="what is wrong here, and what to do")
    instance: str = Field(description="the request's id, for the logs", examples=["request:5f2c1a90"])
    errors: list[FieldProblem] = Field(default_factory=list)


#: Kind of problem -> status and title. The API's document lists them all.
KINDS: dict[str, tuple[int, str]] = {
    "bad-request": (400, "The request cannot be read"),
    "unauthorized": (401, "An API key is needed"),
    "forbidden": (403, "This is not allowed"),
    "not-found": (404, "There is no such thing"),
    "method-not-allowed": (405, "This address does not do that"),
    "not-finished": (409, "Not finished yet"),
    "conflict": (409, "This stands against another request"),
    "too-large": (413, "The request is too large"),
    "unsupported-media-type": (415, "This content type is not accepted"),
    "invalid-request": (422, "The request does not keep the contract"),
    "key-reused": (422, "This key stands for another request"),
    "too-many-requests": (429, "Too many requests"),
    "internal": (500, "The service failed"),
    "no-model": (503, "There is no model in production"),
    "unavailable": (503, "The service cannot answer now"),
    "no-features": (503, "No features of the campaign are published"),
    "timeout": (504, "The request took too long"),
}

_BY_STATUS = {status: kind for kind, (status, _) in reversed(KINDS.items())}


class ProblemError(Exception):
    """Ends a request with a problem of one of the KINDS."""

    def __init__(
        self, kind: str, detail: str, *, errors: Sequence[FieldProblem] = (), headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.kind, self.detail, self.errors, self.headers = kind, detail, list(errors), headers


def problem_response(
    kind: str, detail: str, request_id: str, *, errors: Sequence[FieldProblem] = (), headers: dict[str, str] | None = None
) -> JSONResponse:
    """The response of a problem."""
    status, title = KINDS[kind]
    problem = Problem(
        type=f"/problems/{kind}",
        title=title,
        status=status,
        detail=detail,
        instance=f"request:{request_id}",
        errors=list(errors),
    )
    return JSONResponse(problem.model_dump(), status_code=status, media_type=MEDIA_TYPE, headers=headers)


def documented(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may end in these problems."""
    told: dict[int | str, dict[str, Any]] = {}
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    for kind in kinds:
        status, title = KINDS[kind]
        known = told.get(status)
        description = f"{known['description']}; {title.lower()}" if known else title
        told[status] = {"description": description, "content": {MEDIA_TYPE: schema}}
    return told


def field_problems(errors: Sequence[Any]) -> list[FieldProblem]:
    """Pydantic's errors without the values that caused them."""
    return [
        FieldProblem(
            field=".".join(str(part) for part in error["loc"] if part not in ("body", "query", "path", "header")),
            problem=_sentence(error),
        )
        for error in errors
    ]


def _sentence(error: Any) -> str:
    """What is wrong with one value, in plain words: pydantic speaks to programmers."""
    limits = error.get("ctx", {})
    if error["type"] in _SENTENCES:
        return _SENTENCES[error["type"]].format(**limits)
    return str(error["msg"]).removeprefix("Value error, ")


_SENTENCES = {
    "missing": "is missing",
    "extra_forbidden": "is not a column of the contract",
    "int_parsing": "is no whole number",
    "int_type": "is no whole number",
    "int_from_float": "is no whole number",
    "int_parsing_size": "is too large a number",
    "float_parsing": "is no number",
    "float_type": "is no number",
    "finite_number": "is no finite number",
    "string_type": "must be text",
    "bool_parsing": "must be true or false",
    "date_parsing": "is no date; write it as YYYY-MM-DD",
    "date_type": "is no date; write it as YYYY-MM-DD",
    "date_from_datetime_parsing": "is no date; write it as YYYY-MM-DD",
    "date_from_datetime_inexact": "is a moment, not a day; write it as YYYY-MM-DD",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "literal_error": "must be {expected}",
    "string_pattern_mismatch": "holds a character that is not accepted here",
    "string_too_short": "is empty",
    "string_too_long": "is longer than {max_length} characters",
    "too_short": "holds too few entries, at least {min_length} are needed",
    "too_long": "holds too many entries, at most {max_length} are accepted",
}


def log_failure(error: BankMarketingError) -> None:
    """Say in the log why the platform could not do its part. A broken contract may quote a client: its rule and place are said."""
    if isinstance(error, ContractViolation):
        log.error("%s: rule %s in %s", type(error).__name__, error.rule, error.location)
    else:
        log.error("%s: %s", type(error).__name__, error)


#: Shows a problem to a person: of a request, the kind and the detail; None where a program asked.
ErrorPage = Callable[[Request, str, str], Response | None]


def install(app: FastAPI, error_page: ErrorPage) -> None:
    """Give an app the handlers that turn every error into a problem, or into a page where a person looks."""

    def answer(
        request: Request, kind: str, detail: str, *, errors: Sequence[FieldProblem] = (), headers: dict[str, str] | None = None
    ) -> Response:
        page = error_page(request, kind, detail)
        request_id = str(request.scope.get("request_id", "-"))
        return page or problem_response(kind, detail, request_id, errors=errors, headers=headers)

    def told(request: Request, error: Exception) -> Response:
        assert isinstance(error, ProblemError)
        if KINDS[error.kind][0] >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.warning("a request was not answered: %s", error.detail)
        return answer(request, error.kind, error.detail, errors=error.errors, headers=error.headers)

    def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        found = error.errors()
        if any(entry["type"] == "json_invalid" for entry in found):
            return answer(request, "bad-request", "The body is not valid JSON.")
        problems = field_problems(found)[:100]  # a thousand rows can break a thousand rules: the first hundred say enough
        fields = ", ".join(dict.fromkeys(problem.field or "the whole" for problem in problems[:5]))
        detail = f"{len(found)} problem{'s' if len(found) > 1 else ''} in: {fields}."
        return answer(request, "invalid-request", detail, errors=problems)

    def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        kind = _BY_STATUS.get(error.status_code, "bad-request" if error.status_code < 500 else "internal")
        detail = str(error.detail)
        if detail == HTTPStatus(error.status_code).phrase:
            detail = f"{request.method} {request.url.path}: {detail.lower()}."
        headers = dict(error.headers) if error.headers else None
        return answer(request, kind, detail, headers=headers)

    def own(request: Request, error: Exception) -> Response:
        assert isinstance(error, BankMarketingError)
        log_failure(error)
        kind = "unavailable" if error.retryable else "internal"
        headers = {"Retry-After": "5"} if error.retryable else None
        return answer(request, kind, f"{type(error).__name__}: see the service's log.", headers=headers)

    app.add_exception_handler(ProblemError, told)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(BankMarketingError, own)
