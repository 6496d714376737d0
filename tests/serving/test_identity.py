"""Who is asking, decided from headers and cookies alone: no server is needed to try it."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import Request, Response
from pydantic import SecretStr
from starlette.datastructures import Headers

from bank_marketing.artifacts import LocalStore
from bank_marketing.serving.identity import (
    COOKIE,
    CSRF_HEADER,
    FAILED_ATTEMPTS_PER_MINUTE,
    OPEN,
    Identity,
    Principal,
    address_of,
    check_same_origin,
    presented_key,
    session_secret,
)
from bank_marketing.serving.keys import PREFIX, ApiKey, KeyRing
from bank_marketing.serving.problems import ProblemError
from bank_marketing.serving.settings import ApiSettings

LIMIT = 3


def identity_in(folder: Path, **settings: Any) -> Identity:
    api = ApiSettings(**{"rate_limit_per_minute": LIMIT, **settings})
    return Identity(api, KeyRing(folder / "keys.json"), "a secret", LocalStore(f"file://{folder}/store"))


@pytest.fixture
def identity(tmp_path: Path) -> Identity:
    return identity_in(tmp_path)


@pytest.fixture
def made(identity: Identity) -> tuple[ApiKey, str]:
    return identity.keys.create("analyst")


def request(method: str = "GET", *, host: str | None = "10.0.0.7", **headers: str) -> Request:
    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    client = (host, 4711) if host else None
    return Request({"type": "http", "method": method, "path": "/", "headers": given, "client": client})


def signed_in(identity: Identity, key: ApiKey) -> tuple[Principal, str, str]:
    """The principal of a new session, its cookie for requests, and the whole header that set it."""
    response = Response()
    principal = identity.start_session(response, key)
    header = response.headers["set-cookie"]
    return principal, header.partition(";")[0], header


def refused(kind: str, detail: str) -> Any:
    return pytest.raises(ProblemError, match=f"^{detail}$", check=lambda error: error.kind == kind)


UNKNOWN = "This API key is not known, or was revoked\\."
NONE_SENT = (
    "Send an API key as `Authorization: Bearer …` or `X-API-Key: …`\\. `bank-marketing api-key create NAME` makes one\\."
)


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({"authorization": "Bearer bmk_a"}, "bmk_a"),
        ({"authorization": "bearer  bmk_a "}, "bmk_a"),
        ({"authorization": "BEARER bmk_a b"}, "bmk_a b"),
        ({"authorization": "Basic bmk_a"}, ""),
        ({"authorization": "Basic bmk_a", "x-api-key": "bmk_b"}, "bmk_b"),
        ({"authorization": "Bearer bmk_a", "x-api-key": "bmk_b"}, "bmk_a"),
        ({"x-api-key": "bmk_b"}, "bmk_b"),
        ({}, ""),
    ],
)
def test_a_key_is_presented_in_either_header(headers: dict[str, str], key: str) -> None:
    assert presented_key(Headers(headers)) == key


def test_an_address_is_the_peers() -> None:
    assert address_of(request()) == "10.0.0.7"
    assert address_of(request(host=None)) == "unknown"


def test_a_key_names_its_owner(identity: Identity, made: tuple[ApiKey, str]) -> None:
    key, secret = made
    assert identity.of_request(request(x_api_key=secret)) == Principal("analyst", key.key_id, "key")
    assert identity.of_request(request("POST", authorization=f"Bearer {secret}")).csrf == ""
    assert identity.check_key(request(), secret) == (Principal("analyst", key.key_id, "key"), key)


def test_without_a_key_that_holds_nobody_is_let_in_and_told_how(identity: Identity) -> None:
    with refused("unauthorized", NONE_SENT) as none_sent:
        identity.of_request(request())
    assert none_sent.value.headers == {"WWW-Authenticate": "Bearer"}
    with refused("unauthorized", UNKNOWN) as unknown:
        identity.of_request(request(x_api_key=PREFIX + "x"))
    assert unknown.value.headers == {"WWW-Authenticate": "Bearer"}


def test_a_key_has_its_limit_whatever_its_address_and_the_answer_says_what_is_left(
    identity: Identity, made: tuple[ApiKey, str]
) -> None:
    asked = [request(x_api_key=made[1], host=f"10.0.0.{number}") for number in range(LIMIT + 1)]
    for number in range(LIMIT):
        identity.of_request(asked[number])
        assert asked[number].scope["allowance"].remaining == LIMIT - 1 - number
    with refused("too-many-requests", f"At most {LIMIT} a minute\\. Wait, or send several prospects in one batch\\.") as full:
        identity.of_request(asked[LIMIT])
    assert full.value.headers == {"Retry-After": str(60 // LIMIT)}
    assert asked[LIMIT].scope["allowance"].remaining == 0
    other = identity.keys.create("another")[1]
    assert identity.of_request(request(x_api_key=other)).name == "another"


def test_wrong_keys_are_counted_by_address(identity: Identity, made: tuple[ApiKey, str]) -> None:
    for _ in range(FAILED_ATTEMPTS_PER_MINUTE):
        with refused("unauthorized", UNKNOWN):
            identity.check_key(request(), "bmk_guess")
    with refused("too-many-requests", f"At most {FAILED_ATTEMPTS_PER_MINUTE} a minute\\..*") as full:
        identity.of_request(request())
    assert full.value.headers == {"Retry-After": "3"}
    with refused("unauthorized", UNKNOWN):
        identity.check_key(request(host="10.0.0.8"), "bmk_guess")
    assert identity.of_request(request(x_api_key=made[1])).name == "analyst", "who has a key is not held up by others"


def test_switched_off_everybody_is_let_in_but_counted_by_address(tmp_path: Path) -> None:
    identity = identity_in(tmp_path, auth="off")
    assert identity.of_session(request()) is OPEN
    assert [identity.of_request(request("POST")) for _ in range(LIMIT)] == [OPEN] * LIMIT
    with refused("too-many-requests", f"At most {LIMIT} a minute\\..*"):
        identity.of_request(request())
    assert identity.of_request(request(host="10.0.0.8")) == Principal("anyone on this machine", "", "open", "")


def test_a_session_is_its_keys_and_asks_for_its_token_where_something_changes(
    identity: Identity, made: tuple[ApiKey, str]
) -> None:
    principal, cookie, _ = signed_in(identity, made[0])
    assert (principal.name, principal.key_id, principal.via) == ("analyst", made[0].key_id, "session")
    assert len(principal.csrf) == 64
    for method in ("GET", "HEAD", "OPTIONS"):
        assert identity._principal(request(method, cookie=cookie)) == principal
    assert identity._principal(request("POST", cookie=cookie, **{CSRF_HEADER: principal.csrf})) == principal
    old = "The page's token is missing or old: reload the page and try again\\."
    for wrong in ({}, {CSRF_HEADER: ""}, {CSRF_HEADER: principal.csrf[:-1]}, {"csrf": principal.csrf}):
        for method in ("POST", "PUT", "DELETE"):
            with refused("forbidden", old):
                identity.of_request(request(method, cookie=cookie, **wrong))


def test_the_cookie_is_kept_from_scripts_and_other_sites_and_ends_with_the_session(
    tmp_path: Path, identity: Identity, made: tuple[ApiKey, str]
) -> None:
    header = signed_in(identity, made[0])[2]
    assert header.startswith(f"{COOKIE}=")
    parts = {part.strip().lower() for part in header.split(";")[1:]}
    assert parts == {"httponly", "samesite=strict", f"max-age={8 * 3600}", "path=/"}
    by_https = identity_in(tmp_path, secure_cookie=True, session_hours=0.5)
    assert {"secure", "max-age=1800"} <= {part.strip().lower() for part in signed_in(by_https, made[0])[2].split(";")}


@pytest.mark.parametrize("secure", [False, True])
def test_a_logout_ends_the_session_and_takes_the_cookie_away(tmp_path: Path, secure: bool) -> None:
    identity = identity_in(tmp_path, secure_cookie=secure)
    _, cookie, _ = signed_in(identity, identity.keys.create("analyst")[0])
    asked = request(cookie=cookie)
    assert identity.of_session(asked) is not None
    response = Response()
    identity.end_session(asked, response)
    assert identity.of_session(asked) is None
    assert identity.was_signed_in(asked), "its sender was signed in once"
    name, *rest = (part.strip().lower() for part in response.headers["set-cookie"].split(";"))
    assert name == f'{COOKIE}=""'
    assert {"max-age=0", "httponly", "samesite=strict", "path=/"} <= set(rest)
    assert ("secure" in rest) is secure


def test_a_logout_without_a_session_is_no_error(identity: Identity) -> None:
    response = Response()
    identity.end_session(request(), response)
    assert response.headers["set-cookie"].startswith(f'{COOKIE}=""')


def test_no_cookie_and_a_cookie_of_somebody_else_are_no_session(
    tmp_path: Path, identity: Identity, made: tuple[ApiKey, str]
) -> None:
    stranger = Identity(identity.api, identity.keys, "another secret", LocalStore(f"file://{tmp_path}/store"))
    foreign = request(cookie=signed_in(stranger, made[0])[1])
    for asked in (request(), request(cookie=f"{COOKIE}=x"), foreign):
        assert identity.of_session(asked) is None
        assert not identity.was_signed_in(asked)


def test_a_form_of_a_session_carries_its_token(identity: Identity) -> None:
    session = Principal("analyst", "1", "session", "token")
    identity.check_form(session, "token")
    for wrong in ("", "tokem", "töken"):
        with refused("forbidden", "The form's token is missing or old: reload the page and try again\\."):
            identity.check_form(session, wrong)
    identity.check_form(Principal("job", "1", "key"), "whatever")
    identity.check_form(OPEN, "")


@pytest.mark.parametrize(("site", "right"), [(None, True), ("same-origin", True), ("none", True), ("same-site", False)])
def test_a_form_of_another_site_is_refused(site: str | None, right: bool) -> None:
    asked = request("POST", **({"sec_fetch_site": site} if site else {}))
    if right:
        return check_same_origin(asked)
    with refused("forbidden", "This form was sent from another site\\."):
        check_same_origin(asked)
    return None


def test_sessions_last_as_long_as_the_setting_says_and_are_signed_with_the_secret(tmp_path: Path) -> None:
    assert identity_in(tmp_path, session_hours=1.5).sessions.lasts == timedelta(minutes=90)


def test_the_secret_is_the_setting_else_one_that_is_kept_beside_the_keys(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    assert session_secret(ApiSettings(session_secret=SecretStr("given")), keys) == "given"
    assert not (tmp_path / "session_secret").exists()
    first = session_secret(ApiSettings(), keys)
    assert len(first) >= 43, "256 random bits"
    assert (tmp_path / "session_secret").read_text() == first
    assert stat.S_IMODE((tmp_path / "session_secret").stat().st_mode) == 0o600
    assert session_secret(ApiSettings(), keys) == first
    assert session_secret(ApiSettings(), tmp_path / "elsewhere" / "keys.json") != first
