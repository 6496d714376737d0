"""Score a customer, as an analyst does it: the form, the answer, the reasons, what-if, mistakes, a service without a model."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from bank_marketing.scoring.predictions import FOLDER, PredictionLog
from tests.support.browser import DESK, Visit
from tests.support.served import Platform, Running, running


def records(platform: Platform) -> int:
    store = platform.context("log").store
    return len(list(store.list_files(store.uri(FOLDER))))


def test_a_customer_is_scored_explained_and_put_on_record(visit: Visit, platform: Platform) -> None:
    page = visit.page
    page.get_by_role("spinbutton", name="Age").fill("64")
    page.get_by_label("Occupation").select_option(label="Retired")
    page.get_by_role("button", name="Score").click()
    answer = page.locator("#result")
    expect(answer.locator(".gauge")).to_have_attribute("aria-label", re.compile(r"Probability \d+\.\d.% ?; called from"))
    expect(answer.locator(".decision")).to_contain_text(re.compile(r"(Call|Do not call) · expected profit of the call .?€"))
    expect(answer.locator(".reasons li").first).to_contain_text(re.compile(r"Pushes (up|down): \w"))
    record = PredictionLog(platform.context("log").store).get(answer.locator("code").inner_text())
    assert (record.who, record.source) == ("tester", "api")
    assert f"{100 * record.probability:.1f}" in str(answer.locator(".figure").text_content())


def test_a_changed_field_shows_what_it_would_do_and_is_not_put_on_record(visit: Visit, platform: Platform) -> None:
    page, answer = visit.page, visit.page.locator("#result")
    page.get_by_role("button", name="Score").click()
    expect(answer.locator("code")).to_be_visible()
    before = records(platform)
    page.get_by_role("spinbutton", name="Age").fill("25")
    expect(answer).to_contain_text("What you changed")
    expect(answer.locator(".changes")).to_contain_text("Age: 38 → 25")
    expect(answer.locator(".decision")).to_contain_text(re.compile(r"\d+\.\d.% → \d+\.\d.% \(.\d+\.\d points\)"))
    page.get_by_role("button", name="go back to the customer as scored").click()
    expect(page.get_by_role("spinbutton", name="Age")).to_have_value("38")
    expect(answer.locator(".changes")).to_contain_text("Nothing yet")
    assert records(platform) == before


def test_a_mistake_is_told_at_its_field_and_keeps_what_was_filled_in(visit: Visit) -> None:
    page = visit.page
    page.get_by_role("spinbutton", name="Age").fill("12")
    page.get_by_role("button", name="Score").click()  # the browser itself refuses, before anything is sent
    assert page.get_by_role("spinbutton", name="Age").evaluate("field => field.validity.rangeUnderflow")
    page.locator("form#score-form").evaluate("form => form.noValidate = true")
    page.get_by_role("button", name="Score").click()
    alert = page.locator("#result [role=alert]")
    expect(alert).to_contain_text("Age: must be at least 17")
    expect(alert).to_be_focused()
    expect(page.get_by_role("spinbutton", name="Age")).to_have_value("12")
    visit.complaints.clear()  # the browser notes the 422 as a failed request


def test_without_javascript_the_form_still_works(browser: Browser, served: Running, key: str) -> None:
    with browser.new_context(viewport=DESK, java_script_enabled=False) as context:
        visit = Visit(context, served.url)
        page = visit.sign_in(key)
        page.get_by_role("button", name="Score").click()
        expect(page.locator("#result .decision")).to_be_visible()
        expect(page.get_by_role("spinbutton", name="Age")).to_have_value("38")


def test_a_wrong_key_is_refused_and_a_session_ends(browser: Browser, served: Running, key: str) -> None:
    with browser.new_context(viewport=DESK) as context:
        visit = Visit(context, served.url)
        page = visit.go("/model")
        expect(page).to_have_url(f"{served.url}/login?next=/model")
        page.get_by_label("API key").fill("bmk_wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("This API key is not known, or was revoked.")
        page.get_by_label("API key").fill(key)
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(f"{served.url}/model")
        cookie = next(cookie for cookie in context.cookies() if cookie["name"] == "bank_session")
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        page.get_by_role("button", name="Sign out").click()
        visit.go("/score")
        expect(page).to_have_url(f"{served.url}/login?next=/score")


def test_a_form_of_another_session_is_refused(visit: Visit) -> None:
    page = visit.page
    status = page.evaluate(
        "fetch('/score', {method: 'POST', body: new URLSearchParams({age: '40'}), headers: {'X-CSRF-Token': 'old'}}).then(a => a.status)"
    )
    assert status == 403
    visit.complaints.clear()


@pytest.mark.parametrize("path", ["/score", "/list", "/campaign", "/model"])
def test_without_a_model_every_page_says_so_and_stays_up(browser: Browser, empty: Platform, path: str) -> None:
    key = empty.key()
    with running(empty) as server, browser.new_context(viewport=DESK) as context:
        visit = Visit(context, server.url)
        page = visit.sign_in(key)
        visit.go(path)
        expect(page.locator("#status")).to_contain_text("There is no model in production")
        if path in ("/score", "/list"):
            expect(page.get_by_role("status")).to_contain_text("run the training DAG")
            expect(page.locator("button.primary")).to_be_disabled()
        assert visit.complaints == []
