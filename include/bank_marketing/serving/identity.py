"""Who is asking: an API key for programs, a signed session for the pages; the same people and the same limits for both."""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fastapi import Request, Response
from starlette.datastructures import Headers

from bank_marketing.artifacts import ArtifactStore
from bank_marketing.serving.keys import ApiKey, KeyRing, write_private
from bank_marketing.serving.limits import Allowance, RateLimiter
from bank_marketing.serving.problems import ProblemError
from bank_marketing.serving.sessions import Session, Sessions, same
from bank_marketing.serving.settings import ApiSettings

COOKIE = "bank_session"
CSRF_HEADER = "x-csrf-token"

#: Requests without a valid key, a minute and address: a person mistypes, a program does not.
FAILED_ATTEMPTS_PER_MINUTE = 20

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Principal:
    """Who asks, and how we know."""

    name: str
    key_id: str
    via: Literal["key", "session", "open"]
    csrf: str = ""


#: Everybody, where keys were switched off explicitly.
OPEN = Principal(name="anyone on this machine", key_id="", via="open")


def session_secret(api: ApiSettings, keys_path: Path) -> str:
    """The secret that signs sessions: the setting, else one that is made beside the keys and kept."""
    if api.session_secret is not None:
        return api.session_secret.get_secret_value()
    path = keys_path.with_name("session_secret")
    if not path.is_file():
        write_private(path, secrets.token_urlsafe(32))
    return path.read_text(encoding="utf-8")


class Identity:
    """Tells who asks and counts how often."""

    def __init__(self, api: ApiSettings, keys: KeyRing, secret: str, store: ArtifactStore) -> None:
        self.api, self.keys = api, keys
        self.sessions = Sessions(store, keys, secret, api.session_hours)
        self._limiter = RateLimiter(api.rate_limit_per_minute)
        self._failures = RateLimiter(FAILED_ATTEMPTS_PER_MINUTE)

    def of_request(self, request: Request) -> Principal:
        """The principal of a request to the API. Reads its headers alone, never its body.

        Raises:
            ProblemError: unauthorized, forbidden (a session without its CSRF token), too-many-requests.
        """
        principal = self._principal(request)
        self.count(request, principal)
        return principal

    def count(self, request: Request, principal: Principal) -> None:
        """Count a request; the answer's headers say what is left. Raises ProblemError: too-many-requests."""
        request.scope["allowance"] = allowance = self._limiter.take(principal.key_id or address_of(request))
        _refuse_over(allowance, self._limiter)

    def _principal(self, request: Request) -> Principal:
        if self.api.auth == "off":
            return OPEN
        presented = presented_key(request.headers)
        if presented:
            return self.check_key(request, presented)[0]
        session = self.of_session(request)
        if session is None:
            raise self._unauthorized(
                request,
                "Send an API key as `Authorization: Bearer …` or `X-API-Key: …`. `bank-marketing api-key create NAME` makes one.",
            )
        if request.method not in _SAFE and not same(request.headers.get(CSRF_HEADER, ""), session.csrf):
            raise ProblemError("forbidden", "The page's token is missing or old: reload the page and try again.")
        return session

    def check_key(self, request: Request, presented: str) -> tuple[Principal, ApiKey]:
        """The principal of a key that was presented. Raises ProblemError: unauthorized, too-many-requests."""
        key = self.keys.owner(presented)
        if key is None:
            raise self._unauthorized(request, "This API key is not known, or was revoked.")
        return Principal(name=key.name, key_id=key.key_id, via="key"), key

    def _unauthorized(self, request: Request, detail: str) -> ProblemError:
        """Who has no key is counted by address. Raises ProblemError: too-many-requests."""
        _refuse_over(self._failures.take(address_of(request)), self._failures)
        return ProblemError("unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})

    def of_session(self, request: Request) -> Principal | None:
        """The principal of the session cookie: None without one that holds."""
        if self.api.auth == "off":
            return OPEN
        session = self.sessions.read(request.cookies.get(COOKIE, ""))
        return self._of(session) if session else None

    def was_signed_in(self, request: Request) -> bool:
        """Whether a request has the cookie of a session of ours, be it over."""
        return self.sessions.is_ours(request.cookies.get(COOKIE, ""))

    def start_session(self, response: Response, key: ApiKey) -> Principal:
        """Give the browser a session."""
        value = self.sessions.start(key)
        age = int(self.sessions.lasts.total_seconds())
        response.set_cookie(COOKIE, value, max_age=age, httponly=True, samesite="strict", secure=self.api.secure_cookie)
        session = self.sessions.read(value)
        assert session is not None
        return self._of(session)

    def end_session(self, request: Request, response: Response) -> None:
        """End the session for good, and take it from the browser. Raises StoreUnavailable."""
        session = self.sessions.read(request.cookies.get(COOKIE, ""))
        if session:
            self.sessions.end(session)
        response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=self.api.secure_cookie)

    def check_form(self, principal: Principal, token: str) -> None:
        """Check the hidden token of a form. Raises ProblemError: forbidden."""
        if principal.via == "session" and not same(token, principal.csrf):
            raise ProblemError("forbidden", "The form's token is missing or old: reload the page and try again.")

    def _of(self, session: Session) -> Principal:
        key = session.key
        return Principal(name=key.name, key_id=key.key_id, via="session", csrf=self.sessions.csrf(session))


def _refuse_over(allowance: Allowance, limiter: RateLimiter) -> None:
    if allowance.wait:
        raise ProblemError(
            "too-many-requests",
            f"At most {limiter.per_minute} a minute. Wait, or send several prospects in one batch.",
            headers={"Retry-After": str(math.ceil(allowance.wait))},
        )


def check_same_origin(request: Request) -> None:
    """Refuse a form that another site sent: browsers say so in Sec-Fetch-Site. Raises ProblemError: forbidden."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ProblemError("forbidden", "This form was sent from another site.")


def presented_key(headers: Headers) -> str:
    """The API key that a request's headers present; empty for none."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")


def address_of(request: Request) -> str:
    """Where a request comes from: the peer, or what a trusted proxy says of it (`BANK_API_TRUSTED_PROXIES`)."""
    return request.client.host if request.client else "unknown"
