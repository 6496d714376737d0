"""One request with its bounded body, and one response that starts once and carries the headers that all of them have."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from bank_marketing.serving.commitment import Commitment
from bank_marketing.serving.limits import Allowance
from bank_marketing.serving.problems import problem_response

#: Nothing from elsewhere, no inline script or style, no framing.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Exchange:
    """A request and its response.

    Attributes:
        status: of the response; 499 while none was started.
        started: whether the response was started.
        commitment: whether what was asked for goes on record, or is given up.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, max_bytes: int, *, secure: bool) -> None:
        self.scope, self._receive, self._send, self.max_bytes, self._secure = scope, receive, send, max_bytes, secure
        self.status, self.started, self.commitment = 499, False, Commitment()
        self._closed, self._received, self._whole = False, 0, False

    @property
    def request_id(self) -> str:
        """The caller's id of the request, or ours."""
        return str(self.scope["request_id"])

    async def receive(self) -> Message:
        """The next part of the body. Raises HTTPException 413 over the bound."""
        message = await self._receive()
        self._received += len(message.get("body", b""))
        self._whole = self._whole or not message.get("more_body", False)
        if self._received > self.max_bytes:
            raise HTTPException(413, f"At most {self.max_bytes:,} bytes are accepted here.")
        return message

    async def drain(self) -> None:
        """Read the body and forget it: a browser that sends a file sees no answer before it has sent all of it."""
        while not self._whole:
            await self.receive()

    async def send(self, message: Message) -> None:
        """Send a part of the response; nothing once another one was given."""
        if self._closed:
            return
        if message["type"] == "http.response.start":
            self.started, self.status = True, message["status"]
            self._complete(MutableHeaders(scope=message))
        await self._send(message)

    async def problem(self, kind: str, detail: str, headers: dict[str, str] | None = None) -> None:
        """End the exchange with a problem; whatever the app still says is dropped."""
        response = problem_response(kind, detail, self.request_id, headers=headers)
        await response(self.scope, self.receive, self.send)
        self._closed = True

    def _complete(self, headers: MutableHeaders) -> None:
        for name, value in HEADERS.items():
            headers[name] = value
        headers["X-Request-Id"] = self.request_id
        if self._secure:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        if "cache-control" not in headers:
            headers["Cache-Control"] = "no-store"
        allowance = self.scope.get("allowance")
        if isinstance(allowance, Allowance):
            headers["RateLimit-Policy"] = f'"key";q={allowance.per_minute};w=60'
            headers["RateLimit"] = f'"key";r={allowance.remaining};t={allowance.full_in}'
        if self._has_body() and not self._whole:  # what was not read is not waited for
            headers["Connection"] = "close"

    def _has_body(self) -> bool:
        given = Headers(scope=self.scope)
        return given.get("content-length", "0") != "0" or "transfer-encoding" in given
