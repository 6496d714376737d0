"""Campaign, Model, Trace and API as their readers see them; a model that changes while a page is open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, expect

from bank_marketing.serving import call_lists
from tests.scoring.small_lists import BAD, COMING
from tests.support.browser import DESK, Visit
from tests.support.served import CHOICES, Platform, Running, running
from tests.support.small_run import LAST


@pytest.fixture
def reader(browser: Browser, served_lived: Running, lived: Platform) -> Iterator[Visit]:
    """Somebody who is signed in where two nights were scored."""
    with browser.new_context(viewport=DESK) as context:
        made = Visit(context, served_lived.url)
        made.sign_in(lived.key())
        yield made
        assert (made.complaints, made.elsewhere) == ([], [])


def test_the_campaign_page_has_the_list_the_outcomes_and_the_drift(reader: Visit, lived: Platform) -> None:
    page = reader.go("/campaign")
    listed = call_lists.newest(lived.context("log").store)
    assert listed is not None
    today = page.get_by_role("region", name="Call list for")
    expect(today.get_by_role("heading")).to_have_text(f"Call list for {COMING:%A}, {COMING.day} {COMING:%B %Y}")
    expect(today).to_contain_text(f"{listed.called} of 39 customers are worth a call")
    expect(today).to_contain_text("1 rows broke the contract and were left out")
    expect(today.locator("tbody tr")).to_have_count(listed.called)
    expect(today).not_to_contain_text(BAD)
    with page.expect_download() as waiting:
        today.get_by_role("link", name="Download the call list").click()
    assert waiting.value.suggested_filename == f"call_list_{COMING}.csv"

    brought = page.get_by_role("region", name="What the lists brought")
    expect(brought).to_contain_text("All lists of version 1")
    expect(brought.locator(".tiles")).to_contain_text("100.0\u00a0%deposits a call")  # all of that day's clients subscribed
    drift = page.get_by_role("region", name="Drift and performance")
    expect(drift).to_contain_text(f"Out of order, as of {LAST}: 1 of the last 3 windows violate, 2 are needed.")
    expect(drift.get_by_role("region", name="Drift by column").locator("tbody tr").first).to_contain_text("job")


def test_with_nobody_to_call_the_page_says_so_and_what_to_do(reader: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = call_lists.newest
    monkeypatch.setattr(call_lists.CallList, "head", lambda *_: [])
    monkeypatch.setattr(call_lists, "newest", lambda store: replace(found, called=0) if (found := listed(store)) else None)
    today = reader.go("/campaign").get_by_role("region", name="Call list for")
    expect(today).to_contain_text("0 of 39 customers are worth a call")
    expect(today.get_by_role("status")).to_contain_text("Nobody is to be called.")
    expect(today.get_by_role("link", name="Score a list")).to_be_visible()
    expect(today.get_by_role("link", name="Download")).to_have_count(0)


def test_a_row_of_the_call_list_leads_to_its_trace(reader: Visit) -> None:
    page = reader.go("/campaign")
    link = page.get_by_role("region", name="Call list", exact=True).get_by_role("link").first
    name = link.inner_text()
    link.click()
    expect(page.get_by_role("heading", name="Where this prediction came from")).to_be_visible()
    expect(page.locator("main")).to_contain_text(name)


def test_the_model_page_has_the_card_the_verdict_and_the_history(reader: Visit) -> None:
    page = reader.go("/model")
    expect(page.get_by_role("heading", name="Version 1, in production")).to_be_visible()
    verdict = page.get_by_role("region", name="Figures of the version and its rivals")
    expect(verdict.locator("thead")).to_contain_text("Call everyone")
    expect(verdict.locator("tbody tr").first).to_contain_text("F1")
    page.locator("details.help").filter(has_text="Brier score").get_by_text("What these words mean").click()
    expect(page.locator("dt", has_text="Brier score")).to_be_visible()
    history = page.get_by_role("region", name="History of decisions about models")
    expect(history).to_contain_text("Promoted")
    expect(history).to_contain_text("a test")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download the model card").click()
    assert "Model card" in waiting.value.path().read_text(encoding="utf-8")


def test_the_reference_shows_every_operation_and_an_example_that_works(reader: Visit) -> None:
    page = reader.go("/docs")
    document = page.request.get(f"{reader.url}/openapi.json").json()
    for path, methods in document["paths"].items():
        for operation in methods.values():
            expect(page.locator(f"#{operation['operationId']}")).to_contain_text(path)
    expect(page.locator("pre").first).to_contain_text("Authorization: Bearer")


def test_a_model_that_changes_while_the_page_is_open_is_shown_and_used(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    platform = Platform(tmp_path_factory.mktemp("swapped"))
    platform.promote(platform.train("one", CHOICES[0]))
    second = platform.train("two", CHOICES[1])
    with running(platform, model_check_seconds=0.1) as server, browser.new_context(viewport=DESK) as context:
        visit = Visit(context, server.url)
        page = visit.page
        page.clock.install(time=datetime.now(UTC))  # so that a quarter of a minute passes at once
        visit.sign_in(platform.key())
        page.get_by_role("button", name="Score").click()
        expect(page.locator("#result")).to_contain_text("version 1")
        platform.promote(second, "better")
        server.service.models.check()
        page.clock.fast_forward(16_000)
        expect(page.locator("#status")).to_contain_text("Model 2")
        page.get_by_role("button", name="Score").click()
        expect(page.locator("#result")).to_contain_text("version 2")
        visit.go("/model")
        expect(page.get_by_role("region", name="History")).to_contain_text("1 → 2")
        assert visit.complaints == []
