"""The API's document: FastAPI's own, with the errors that we give and the headers that our answers carry."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from bank_marketing.serving.admission import BODIES
from bank_marketing.serving.idempotency import REPLAYED
from bank_marketing.serving.problems import Problem

#: Header of an answer -> what it says.
HEADERS = {
    "X-Request-Id": "the caller's id of the request, or ours; the service's log has it",
    "RateLimit-Policy": '`"key";q=…;w=60`: requests of one key a minute (IETF draft, RateLimit header fields)',
    "RateLimit": '`"key";r=…;t=…`: requests that are left, and seconds until all are back',
    "Retry-After": "seconds to wait before the request is sent again",
    "Link": '`<…>; rel="next"`: the next page; not there on the last one',
    "Location": "where the file's state is",
    REPLAYED: "of a request with an `Idempotency-Key`: `true` when this is the answer that was given before",
}

#: How a key is sent. FastAPI would ask each request anew for schemes that are dependencies.
SCHEMES = {
    "HTTPBearer": {"type": "http", "scheme": "bearer", "description": "An API key"},
    "APIKeyHeader": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}

#: With every answer of the API.
ALWAYS = ("X-Request-Id", "RateLimit-Policy", "RateLimit")

#: Statuses after which the same request may be sent again.
AGAIN = {str(int(status)) for status in (HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)}


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, worked out once: errors are problem details everywhere, and FastAPI's own error shape is in none."""
    if app.openapi_schema:
        return app.openapi_schema
    made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schemas = made["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs")
    schemas["Problem"] = problem
    made["components"]["headers"] = {
        name: {"description": said, "schema": {"type": "string"}} for name, said in HEADERS.items()
    }
    made["components"]["securitySchemes"] = SCHEMES
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            if path.startswith("/api/"):
                operation["security"] = [{name: []} for name in SCHEMES]
            for status, answer in operation["responses"].items():
                if names := _headers(path, method, status, operation):
                    answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    app.openapi_schema = made
    return made


def _headers(path: str, method: str, status: str, operation: dict[str, Any]) -> list[str]:
    """Names of the headers that an answer may carry."""
    if not path.startswith("/api/"):
        return ["X-Request-Id"]
    names = list(ALWAYS) + ["Retry-After"] * (status in AGAIN)
    if status.startswith("2"):
        names += [REPLAYED] * (method == "post" and path in BODIES) + ["Location"] * (status == "202")
        names += ["Link"] * any(parameter["name"] == "cursor" for parameter in operation.get("parameters", ()))
    return names
