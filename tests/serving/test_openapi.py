"""The API attacked with its own OpenAPI document: no server error, no undocumented status, no body that breaks its schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from pydantic import SecretStr
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    missing_required_header,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from bank_marketing.serving.app import create_app
from bank_marketing.serving.settings import ApiSettings
from bank_marketing.settings import Settings
from tests.support.served import PROSPECT, Running

#: Beside the examples of the document and every boundary of its schemas, which schemathesis tries always.
RANDOM_CASES = 8

CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    missing_required_header,
    unsupported_method,
]


def document() -> dict[str, Any]:
    """The document, which is the same wherever the service runs; nothing is served or read for it."""
    api = ApiSettings(session_secret=SecretStr("nobody signs in here"))
    return create_app(Settings(home=Path("nowhere")), api).openapi()


attacked = schemathesis.openapi.from_dict(document(), config=SchemathesisConfig(seed=1))


def test_each_operation_of_the_api_and_no_other_says_how_a_key_is_sent() -> None:
    made = document()
    named = {
        (path, method): entry.get("security") for path, entries in made["paths"].items() for method, entry in entries.items()
    }
    assert [path for path, _ in named if path.startswith("/api/")]
    for (path, _), security in named.items():
        assert security == ([{"HTTPBearer": []}, {"APIKeyHeader": []}] if path.startswith("/api/") else None), path
    assert made["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    assert made["components"]["securitySchemes"]["APIKeyHeader"]["name"] == "X-API-Key"


@attacked.parametrize()
@settings(
    max_examples=RANDOM_CASES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_documented(case: Any, served: Running, key: str) -> None:
    case.call_and_validate(base_url=served.url, headers={"X-API-Key": key}, checks=CHECKS)


def test_the_document_names_all_operations_of_the_api(client: httpx.Client) -> None:
    told = client.get("/openapi.json").json()
    assert told == document()
    found = {f"{method.upper()} {path}" for path, methods in told["paths"].items() for method in methods}
    assert found == {
        "POST /api/v1/predictions",
        "POST /api/v1/predictions/batch",
        "GET /api/v1/predictions",
        "GET /api/v1/predictions/{prediction_id}",
        "GET /api/v1/model",
        "POST /api/v1/files",
        "GET /api/v1/files",
        "GET /api/v1/files/{file_id}",
        "GET /api/v1/files/{file_id}/result",
        "GET /api/v1/files/{file_id}/rejected",
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
    }


def documented(method: str, path: str, status: int) -> set[str]:
    """Headers that the document names for an answer."""
    return set(document()["paths"][path][method]["responses"][str(status)].get("headers", {}))


def test_headers_of_answers_are_documented(client: httpx.Client) -> None:
    always = {"X-Request-Id", "RateLimit", "RateLimit-Policy"}
    one, listed = "/api/v1/predictions", client.get("/api/v1/files", params={"limit": 1})
    answer = client.post(one, json={"prospect": PROSPECT}, headers={"Idempotency-Key": "documented"})
    for method, path, given in (("post", one, answer), ("get", "/api/v1/files", listed)):
        assert always <= documented(method, path, given.status_code)
        assert all(name in given.headers for name in always)
    assert documented("post", one, 200) == always | {"Idempotency-Replayed"}
    assert documented("post", "/api/v1/files", 202) == always | {"Idempotency-Replayed", "Location"}
    assert documented("get", one, 200) == documented("get", "/api/v1/files", 200) == always | {"Link"}
    for status in (409, 429, 503):
        assert documented("post", one, status) == always | {"Retry-After"}
    assert documented("post", one, 422) == always
    parameters = document()["paths"][one]["post"]["parameters"]
    assert [(entry["name"], entry["in"], entry["required"]) for entry in parameters] == [("Idempotency-Key", "header", False)]


def test_the_examples_of_the_document_are_accepted(client: httpx.Client) -> None:
    schemas = document()["components"]["schemas"]
    one = {"prospect": schemas["PredictionRequest"]["properties"]["prospect"]["examples"][0]}
    several = {"prospects": schemas["BatchRequest"]["properties"]["prospects"]["examples"][0]}
    assert client.post("/api/v1/predictions", json=one).status_code == 200
    assert client.post("/api/v1/predictions/batch", json=several).status_code == 200
