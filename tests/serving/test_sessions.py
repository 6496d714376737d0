"""Sessions end: by time, by logout, with their key, with another key under its name; what was being filled in does not."""

from __future__ import annotations

import time

import httpx
from bs4 import BeautifulSoup

from bank_marketing.serving.identity import COOKIE
from bank_marketing.serving.keys import hash_key
from bank_marketing.serving.sessions import FOLDER
from tests.support.served import Platform, Running, running
from tests.support.waiting import wait_for


def signed_in(server: Running, key: str) -> httpx.Client:
    browser = httpx.Client(base_url=server.url, headers={"Accept": "text/html"}, timeout=30)
    assert browser.post("/login", data={"key": key}).status_code == 303
    return browser


def csrf(browser: httpx.Client) -> str:
    return str(BeautifulSoup(browser.get("/score").text, "html.parser").select_one('meta[name="csrf"]')["content"])  # type: ignore[index]


def holds(server: Running, cookie: str) -> bool:
    headers = {"Cookie": f"{COOKIE}={cookie}"}
    api = httpx.get(f"{server.url}/api/v1/model", headers=headers).status_code == 200
    page = httpx.get(f"{server.url}/score", headers=headers).status_code == 200
    assert api == page
    return api


def test_a_copied_cookie_does_not_outlive_the_logout(platform: Platform, key: str) -> None:
    with running(platform) as server, running(platform) as other:
        browser = signed_in(server, key)
        cookie = browser.cookies[COOKIE]
        assert holds(server, cookie)
        assert browser.post("/logout", data={"csrf": csrf(browser)}).status_code == 303
        assert not holds(server, cookie)
        assert not holds(other, cookie)  # in another process too
        store = server.service.store
        assert len(list(store.list_files(store.uri(FOLDER)))) >= 1
    with running(platform) as again:
        assert not holds(again, cookie)  # and after a restart


def test_a_session_ends_by_time(platform: Platform, key: str) -> None:
    with running(platform, session_hours=1 / 3600) as server:
        cookie = signed_in(server, key).cookies[COOKIE]
        deadline = time.monotonic() + 20
        while holds(server, cookie):
            assert time.monotonic() < deadline, "the session never ends"
            time.sleep(0.2)


def test_a_key_that_is_replaced_under_its_name_ends_its_sessions(platform: Platform) -> None:
    with running(platform, key_hashes=f"team={hash_key('bmk_old')}", session_secret="one secret for all") as server:
        cookie = signed_in(server, "bmk_old").cookies[COOKIE]
        assert holds(server, cookie)
    with running(platform, key_hashes=f"team={hash_key('bmk_new')}", session_secret="one secret for all") as server:
        assert not holds(server, cookie)
    with running(platform, key_hashes=f"team={hash_key('bmk_old')}", session_secret="one secret for all") as server:
        assert holds(server, cookie)  # it was the key alone that ended it


def test_what_was_filled_in_is_there_after_the_login(platform: Platform, key: str) -> None:
    with running(platform, session_hours=1 / 3600) as server:
        browser = signed_in(server, key)
        fields = {"csrf": csrf(browser), "age": "64", "job": "retired", "euribor3m": "1.25"}
        cookie = browser.cookies[COOKIE]
        wait_for(lambda: server.service.identity.sessions.read(cookie) is None)
        over = httpx.post(f"{server.url}/score", data=fields, headers={"Accept": "text/html", "Cookie": f"{COOKIE}={cookie}"})
        assert (over.status_code, "Your session is over" in over.text) == (401, True)
        form = BeautifulSoup(over.text, "html.parser").select_one('form[action="/login"]')
        assert form is not None
        sent = {str(field["name"]): str(field.get("value", "")) for field in form.select("input")} | {"key": key}
        assert "kept_csrf" not in sent
        back = httpx.post(f"{server.url}/login", data=sent, headers={"Accept": "text/html"})
        page = BeautifulSoup(back.text, "html.parser")
        assert back.status_code == 200
        assert page.select_one('#score-form input[name="age"]')["value"] == "64"  # type: ignore[index]
        assert page.select_one('#score-form select[name="job"] option[selected]')["value"] == "retired"  # type: ignore[index]
        assert COOKIE in back.headers["set-cookie"]
        stranger = httpx.post(f"{server.url}/score", data=fields, headers={"Accept": "text/html"})
        assert (stranger.status_code, stranger.headers["location"]) == (303, "/login?next=/score")
