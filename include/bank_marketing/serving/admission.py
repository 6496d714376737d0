"""Who is let in, decided from a request's headers alone: no body of a stranger is read, held or spooled."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Scope

from bank_marketing.serving.identity import Identity, Principal, presented_key
from bank_marketing.serving.problems import ProblemError
from bank_marketing.serving.settings import ApiSettings, is_loopback

#: Asked by orchestrators and Prometheus, by address and without a key.
OPERATION = frozenset({"/healthz", "/readyz", "/metrics"})

#: The one address that reads a body of somebody who is not known yet: a key.
LOGIN = "/login"

#: Forms whose content outlives a session that ended while they were filled in.
KEPT_FORMS = frozenset({"/score"})

#: A key, and the few fields of a kept form, take less.
LOGIN_BYTES = 10_000


#: Content types of the API's bodies.
JSON, FORM = "application/json", "multipart/form-data"
BODIES = {"/api/v1/predictions": JSON, "/api/v1/predictions/batch": JSON, "/api/v1/files": FORM}


class Admission:
    """Decides before the body."""

    def __init__(self, api: ApiSettings, identity: Identity, hosts: frozenset[str]) -> None:
        self.api, self.identity, self.hosts = api, identity, hosts

    def check_place(self, scope: Scope) -> None:
        """Refuse a request that names another host, or comes from elsewhere without keys. Raises ProblemError: forbidden."""
        host, client = host_of(scope), scope.get("client")
        if self.api.auth == "off" and not (client and is_loopback(client[0]) and is_loopback(host)):
            # The host too: a page of another site can be made to resolve to this machine (DNS rebinding).
            raise ProblemError("forbidden", "Without API keys this service answers to its own machine only.")
        if scope["path"] not in OPERATION and "*" not in self.hosts and host.lower() not in self.hosts:
            raise ProblemError(
                "forbidden", "This service is not asked for by this name. BANK_API_ALLOWED_HOSTS lists its names."
            )

    def looks_up_a_session(self, scope: Scope) -> bool:
        """Whether `principal` may ask the store, which may be slow. A key is compared with the few of a local file."""
        if scope["path"].startswith("/api/") or scope["path"] == "/openapi.json":
            return not presented_key(Headers(scope=scope))
        return bool(scope["method"] == "POST")

    def principal(self, scope: Scope) -> Principal | None:
        """Who asks; None where anybody may. Whoever must be known and is not, is refused.

        Raises:
            ProblemError: unauthorized, forbidden, too-many-requests.
            SessionOver: a form was sent, and its session is over.
        """
        path, request = scope["path"], Request(scope)
        if path.startswith("/api/") or path == "/openapi.json":
            return self.identity.of_request(request)
        if scope["method"] != "POST" or path == LOGIN or path in OPERATION:
            return None  # no route reads a body there, but for the login
        session = self.identity.of_session(request)
        if session is None:
            raise SessionOver(known=self.identity.was_signed_in(request))
        return session


def check_content_type(scope: Scope) -> None:
    """Refuse a body that the route does not read. Raises ProblemError: unsupported-media-type."""
    wanted = BODIES.get(scope["path"]) if scope["method"] == "POST" else None
    if wanted is None:
        return
    given = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
    if given != wanted and not (wanted == JSON and given.startswith("application/") and given.endswith("+json")):
        raise ProblemError("unsupported-media-type", f"Send the body as {wanted}, and say so in the header Content-Type.")


class SessionOver(Exception):
    """A form was sent without a session that holds. `known`: its sender was signed in once."""

    def __init__(self, *, known: bool) -> None:
        super().__init__("the session is over")
        self.known = known


def host_of(scope: Scope) -> str:
    """The name that a request asks for, without its port."""
    host = Headers(scope=scope).get("host", "")
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host
