"""A real Chromium for the tests of pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 375, "height": 740}

#: Patience for one step, in milliseconds: a loaded machine is slow, and a page that never answers must fail all the same.
PATIENCE = 60_000


def chromium() -> str:
    """Path of this machine's Chromium. Without one the test is skipped, but in CI it fails: there the pages must be looked at."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found:
        return found
    told = f"no Chromium on this machine ({', '.join(NAMES)}): the pages were not looked at"
    if os.environ.get("CI"):
        pytest.fail(told)
    pytest.skip(told)


@contextmanager
def launched() -> Iterator[Browser]:
    """A headless Chromium."""
    path = chromium()
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's sandbox does not run as root
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


class Visit:
    """Someone at a page: what the browser complained about and which other hosts it asked are kept."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.url, self.complaints, self.elsewhere = url, list[str](), list[str]()
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self._look(request.url))

    def _look(self, address: str) -> None:
        if not address.startswith((self.url, "data:", "blob:")):
            self.elsewhere.append(address)

    def go(self, path: str) -> Page:
        """Open a page of the service."""
        self.page.goto(self.url + path)
        return self.page

    def sign_in(self, key: str) -> Page:
        """Sign in with an API key."""
        self.go("/login")
        self.page.get_by_label("API key").fill(key)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(f"{self.url}/score")
        return self.page
