"""Every page for everybody: axe finds nothing serious in light and dark, a phone needs no sideways scrolling, the keyboard suffices."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.serving.test_files import csv_of, people
from tests.support.browser import DESK, PHONE, Visit
from tests.support.served import Platform, Running

PAGES = ("/login", "/score", "/score answered", "/score what-if", "/score wrong", "/list", "/list ranked", "/campaign", "/model",
         "/docs", "/trace", "/nothing")  # fmt: skip


@pytest.fixture(scope="module")
def signed_in(browser: Browser, served_lived: Running, lived: Platform) -> Iterator[dict[str, Any]]:
    """Cookies of a session."""
    with browser.new_context() as context:
        Visit(context, served_lived.url).sign_in(lived.key())
        yield {"cookies": context.cookies(), "origins": []}


def arrive(visit: Visit, where: str, folder: Path) -> Page:
    """Go to a page and bring it into the state that its name says."""
    path, _, state = where.partition(" ")
    page = visit.page
    if path == "/trace":
        visit.go("/campaign").get_by_role("region", name="Call list", exact=True).get_by_role("link").first.click()
        return page
    visit.go(path)
    if state in ("answered", "what-if"):
        page.get_by_role("button", name="Score").click()
        expect(page.locator(".gauge")).to_be_visible()
    if state == "what-if":
        page.get_by_role("spinbutton", name="Age").fill("25")
        expect(page.locator(".changes")).to_contain_text("Age")
    if state == "wrong":
        page.get_by_role("spinbutton", name="Age").fill("12")
        page.locator("form#score-form").evaluate("form => form.noValidate = true")
        page.get_by_role("button", name="Score").click()
        expect(page.locator("#result [role=alert]")).to_be_visible()
    if state == "ranked":
        rows = people(12)
        rows[0]["age"] = 7
        (folder / "list.csv").write_text(csv_of(rows))
        page.get_by_label("Customer list").set_input_files(folder / "list.csv")
        page.get_by_role("button", name="Send and score").click()
        expect(page.locator("#rejected")).to_be_visible()
    for details in page.locator("details").all():
        if details.get_attribute("open") is None:
            details.locator("> summary").click()
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("where", PAGES)
def test_a_page_is_accessible_and_fits_a_phone(
    browser: Browser,
    served_lived: Running,
    signed_in: dict[str, Any],
    where: str,
    scheme: Literal["light", "dark"],
    tmp_path: Path,
) -> None:
    state = None if where == "/login" else signed_in
    with browser.new_context(viewport=DESK, color_scheme=scheme, storage_state=state, reduced_motion="reduce") as context:
        page = arrive(Visit(context, served_lived.url), where, tmp_path)
        found = Axe().run(
            page, options={"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"]}
        )
        told = [
            (entry["id"], entry["impact"], [node["html"][:160] for node in entry["nodes"][:3]])
            for entry in found.response["violations"]
            if entry["impact"] in ("serious", "critical", "moderate")
        ]
        assert told == []
        page.set_viewport_size(PHONE)
        wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1], f"{where} is {wide[0]} pixels wide"


def test_a_customer_is_scored_with_the_keyboard_alone(
    browser: Browser, served_lived: Running, signed_in: dict[str, Any]
) -> None:
    with browser.new_context(viewport=DESK, storage_state=signed_in) as context:
        visit = Visit(context, served_lived.url)
        page = visit.go("/score")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.get_by_role("spinbutton", name="Age").focus()
        page.keyboard.press("Control+A")
        page.keyboard.type("64")
        page.keyboard.press("Enter")
        expect(page.locator("#result .decision")).to_be_focused()
