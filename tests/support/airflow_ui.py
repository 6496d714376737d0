"""Airflow's UI in a real Chromium: log in, look, and keep what was seen where `BANK_SCREENSHOTS` names a folder (make screenshots)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page

from scripts.environment import PROJECT, passwords
from tests.support.browser import PATIENCE, PHONE, launched
from tests.support.standalone import RunningAirflow

DESK = {"width": 1360, "height": 820}

#: Says other names for the folders of the machine that a picture is taken on.
_SAY = """names => {
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode())
    for (const [own, said] of names)
      if (walk.currentNode.data.includes(own)) walk.currentNode.data = walk.currentNode.data.replaceAll(own, said);
}"""


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

    def look(self, path: str, *texts: str, click: str = "", press: str = "", name: str = "") -> None:
        """Open a page, use a button or a key of it, wait until all texts are there, and keep the picture under `name`."""
        self.page.goto(path if path.startswith("http") else self.airflow.url + path)
        self.page.wait_for_load_state("networkidle")
        if click:
            self.page.get_by_role("button", name=click).first.click()
        if press:
            self.page.keyboard.press(press)
        for text in texts:
            self.page.get_by_text(text).locator("visible=true").first.wait_for()
        folder = os.environ.get("BANK_SCREENSHOTS")
        if folder and name:
            self.page.wait_for_timeout(2500)  # what fades in has come to rest
            self.page.evaluate(_SAY, [[str(self.airflow.home.parent), "/srv/bank"], [str(PROJECT), "/opt/bank-marketing"]])
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=Path(folder) / f"{name}.png")

    def read_on_a_phone(self, address: str) -> None:
        """Open a page of the platform's own on a telephone: nothing may stick out at its side."""
        self.page.set_viewport_size(PHONE)
        self.page.goto(address if address.startswith("http") else self.airflow.url + address)
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"], f"{address} is {wide} pixels wide"
        self.page.set_viewport_size(DESK)

    def widen_the_grid(self, path: str) -> None:
        """Give the grid beside a run the room that all its columns need; Airflow keeps to it."""
        self.page.goto(self.airflow.url + path)
        handle = self.page.locator("[data-panel-resize-handle-id], [data-separator], [role=separator]").first
        handle.wait_for()
        self.page.wait_for_load_state("networkidle")
        box = handle.bounding_box()
        assert box is not None
        self.page.mouse.move(box["x"] + box["width"] / 2, 600)
        self.page.mouse.down()
        self.page.mouse.move(480, 600, steps=5)
        self.page.mouse.up()


@contextmanager
def looking(airflow: RunningAirflow) -> Iterator[Looker]:
    """A browser with somebody who is logged in."""
    with launched() as browser:
        page = browser.new_page(viewport=DESK)
        page.set_default_timeout(3 * PATIENCE)
        looker = Looker(airflow, page)
        looker.log_in()
        yield looker
