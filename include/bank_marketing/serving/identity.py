"""Who is asking: an API key for programs, a signed session for the pages; the same people and the same limits for both."""

from __future__ import annotations

import hmac
import math
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fastapi import Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from bank_marketing.serving.keys import KeyRing, write_private
from bank_marketing.serving.limits import RateLimiter
from bank_marketing.serving.problems import ProblemError
from bank_marketing.serving.settings import ApiSettings

COOKIE = "bank_session"
CSRF_HEADER = "x-csrf-token"

#: Tries of a wrong key, a minute and address: a person mistypes, a program does not.
FAILED_TRIES_PER_MINUTE = 20

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

    def __init__(self, api: ApiSettings, keys: KeyRing, secret: str) -> None:
        self.api, self.keys = api, keys
        self._serializer = URLSafeTimedSerializer(secret, salt="bank-marketing-session")
        self._secret = secret.encode()
        self._limiter = RateLimiter(api.rate_limit_per_minute)
        self._failures = RateLimiter(FAILED_TRIES_PER_MINUTE)

    def of_request(self, request: Request) -> Principal:
        """The principal of a request.

        Raises:
            ProblemError: unauthorized, forbidden (a session without its CSRF token), too-many-requests.
        """
        principal = self._principal(request)
        self.count(request, principal)
        return principal

    def count(self, request: Request, principal: Principal) -> None:
        """Count a request. Raises ProblemError: too-many-requests."""
        self._limit(self._limiter, principal.key_id or _address(request))

    def _principal(self, request: Request) -> Principal:
        if self.api.auth == "off":
            return OPEN
        presented = _presented_key(request)
        if presented:
            return self.check_key(request, presented)
        session = self.of_session(request)
        if session is None:
            raise ProblemError(
                "unauthorized",
                "Send an API key as `Authorization: Bearer …` or `X-API-Key: …`. `bank-marketing api-key create NAME` makes one.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        if request.method not in _SAFE and not hmac.compare_digest(request.headers.get(CSRF_HEADER, ""), session.csrf):
            raise ProblemError("forbidden", "The page's token is missing or old: reload the page and try again.")
        return session

    def check_key(self, request: Request, presented: str) -> Principal:
        """The principal of a key that was presented. Raises ProblemError: unauthorized, too-many-requests."""
        key = self.keys.owner(presented)
        if key is None:
            self._limit(self._failures, _address(request))
            raise ProblemError(
                "unauthorized", "This API key is not known, or was revoked.", headers={"WWW-Authenticate": "Bearer"}
            )
        return Principal(name=key.name, key_id=key.key_id, via="key")

    def of_session(self, request: Request) -> Principal | None:
        """The principal of the session cookie: None without one, when it is too old, altered, or its key was revoked."""
        if self.api.auth == "off":
            return OPEN
        try:
            content = self._serializer.loads(request.cookies.get(COOKIE, ""), max_age=int(self.api.session_hours * 3600))
            key = self.keys.valid(content["key"])
            nonce = content["nonce"]
        except (BadSignature, KeyError, TypeError):
            return None
        return Principal(name=key.name, key_id=key.key_id, via="session", csrf=self._csrf(nonce)) if key else None

    def start_session(self, response: Response, principal: Principal) -> None:
        """Give the browser a session."""
        value = self._serializer.dumps({"key": principal.key_id, "nonce": secrets.token_urlsafe(16)})
        age = int(self.api.session_hours * 3600)
        response.set_cookie(COOKIE, str(value), max_age=age, httponly=True, samesite="strict", secure=self.api.secure_cookie)

    def end_session(self, response: Response) -> None:
        """Take the session from the browser."""
        response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=self.api.secure_cookie)

    def check_form(self, session: Principal, token: str) -> None:
        """Check the hidden token of a form. Raises ProblemError: forbidden."""
        if session.via == "session" and not hmac.compare_digest(token, session.csrf):
            raise ProblemError("forbidden", "The form's token is missing or old: reload the page and try again.")

    def _csrf(self, nonce: str) -> str:
        return hmac.new(self._secret, b"csrf:" + nonce.encode(), "sha256").hexdigest()

    @staticmethod
    def _limit(limiter: RateLimiter, caller: str) -> None:
        seconds = limiter.wait(caller)
        if seconds:
            raise ProblemError(
                "too-many-requests",
                f"At most {limiter.per_minute} a minute. Wait, or send several prospects in one batch.",
                headers={"Retry-After": str(math.ceil(seconds))},
            )


def check_same_origin(request: Request) -> None:
    """Refuse a form that another site sent: browsers say so in Sec-Fetch-Site. Raises ProblemError: forbidden."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ProblemError("forbidden", "This form was sent from another site.")


def _presented_key(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"
