"""Airflow's UI in a real Chromium: log in, look, and keep what was seen where `BANK_SCREENSHOTS` names a folder (make screenshots)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page

from scripts.environment import passwords
from tests.support.browser import PATIENCE, launched
from tests.support.standalone import RunningAirflow


class Looker:
    """Somebody who is logged in."""

    def __init__(self, airflow: RunningAirflow, page: Page) -> None:
        self.airflow, self.page = airflow, page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def log_in(self) -> None:
        """Use the form, as people do."""
        [(user, password)] = passwords(self.airflow.home).items()
        self.page.goto(self.airflow.url)
        self.page.locator("input[name=username]").fill(user)
        self.page.locator("input[name=password]").fill(password)
        self.page.locator("button[type=submit]").click()
        self.page.get_by_text("Dags").first.wait_for()

    def look(self, path: str, *texts: str, click: str = "", name: str = "") -> None:
        """Open a page, use a button of it, wait until all texts are there, and keep the picture under `name`."""
        self.page.goto(path if path.startswith("http") else self.airflow.url + path)
        self.page.wait_for_load_state("networkidle")
        if click:
            self.page.get_by_role("button", name=click).first.click()
        for text in texts:
            self.page.get_by_text(text).locator("visible=true").first.wait_for()
        folder = os.environ.get("BANK_SCREENSHOTS")
        if folder and name:
            self.page.wait_for_timeout(2500)  # what fades in has come to rest
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=Path(folder) / f"{name}.png")


@contextmanager
def looking(airflow: RunningAirflow) -> Iterator[Looker]:
    """A browser with somebody who is logged in."""
    with launched() as browser:
        page = browser.new_page(viewport={"width": 1360, "height": 820})
        page.set_default_timeout(3 * PATIENCE)
        looker = Looker(airflow, page)
        looker.log_in()
        yield looker
