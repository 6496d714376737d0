"""Score a list, as an analyst does it: upload, progress, errors by row, the cut-off slider, the downloads."""

from __future__ import annotations

import csv
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.serving.test_files import csv_of, people
from tests.support.browser import DESK, Visit
from tests.support.features import PRICES
from tests.support.served import PROSPECT, Running


def upload(visit: Visit, folder: Path, text: str, name: str = "spring list.csv") -> Page:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    page = visit.go("/list")
    page.get_by_label("Customer list").set_input_files(path)
    page.get_by_role("button", name="Send and score").click()
    return page


def downloaded(page: Page, link: str) -> list[dict[str, str]]:
    with page.expect_download() as waiting:
        page.get_by_role("link", name=link).click()
    with Path(waiting.value.path()).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=";"))


def test_a_list_comes_back_ranked_with_its_errors_and_a_cut_off(visit: Visit, tmp_path: Path) -> None:
    rows = people(60)
    rows[2]["age"], rows[5]["job"] = 7, "astronaut"
    page = upload(visit, tmp_path, csv_of(rows))
    expect(page.get_by_role("heading", name="spring list.csv")).to_be_visible()
    expect(page.locator(".tiles").first).to_contain_text("58")
    expect(page.locator("#ranked tbody tr")).to_have_count(58)
    chances = [float(text.split()[0]) for text in page.locator("#ranked tbody td:nth-child(3)").all_inner_texts()]
    assert chances == sorted(chances, reverse=True)

    rejected = page.locator("#rejected tbody tr")
    expect(rejected).to_have_count(2)
    expect(rejected.first).to_contain_text("age 7 must be at least 17 years")
    expect(rejected.last).to_contain_text("job 'astronaut' is not known")
    assert [row["line"] for row in downloaded(page, "Download them with the reasons")] == ["4", "7"]

    everyone = downloaded(page, "Download all rows")
    page.get_by_role("slider").fill("10")
    expect(page.locator("#cut-calls")).to_have_text("10")
    won = sum(float(row["probability"]) for row in everyone[:10])
    expect(page.locator("#cut-conversions")).to_have_text(f"{won:.1f}")
    profit = PRICES.deposit_margin * won - 10 * PRICES.call_cost
    minus = "\N{MINUS SIGN}"
    expect(page.locator("#cut-profit")).to_have_text(f"{minus if profit < 0 else ''}€{abs(profit):,.0f}")
    expect(page.locator("#ranked tbody tr.beyond")).to_have_count(48)
    assert downloaded(page, "Download this call list") == everyone[:10]


def test_the_slider_starts_at_the_models_threshold_and_listens_to_keys(visit: Visit, tmp_path: Path) -> None:
    page = upload(visit, tmp_path, csv_of(people(30)))
    slider = page.get_by_role("slider")
    expect(slider).to_be_visible()
    called = page.locator(".tiles li").nth(1).locator(".big").inner_text()
    expect(slider).to_have_value(called)
    slider.focus()
    page.keyboard.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "0 calls, 0 deposits expected")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#cut-calls")).to_have_text("1")


#: A client whom the tests' model advises not to call.
NOT_CALLED = PROSPECT | {"age": 38, "job": "blue-collar", "education": "basic.9y", "default": "unknown", "contact": "telephone"}
NOT_CALLED |= {"campaign": 2, "emp_var_rate": -1.7, "cons_price_idx": 94.2, "euribor3m": 0.72}


def test_with_nobody_to_call_no_call_list_is_offered_until_the_slider_moves(visit: Visit, tmp_path: Path) -> None:
    page = upload(visit, tmp_path, csv_of([NOT_CALLED | {"contact_id": f"N{number}"} for number in range(4)]))
    link = page.get_by_role("link", name="Download this call list")
    expect(page.locator("#cutoff")).to_contain_text("Nobody on this list reaches 20.0\u00a0%")
    expect(page.get_by_role("link", name="Download all rows")).to_be_visible()
    expect(page.locator("#cut-download")).to_be_hidden()
    page.get_by_role("slider").fill("3")
    expect(link).to_be_visible()
    assert len(downloaded(page, "Download this call list")) == 3


def test_a_box_to_tick_is_no_larger_than_its_words(visit: Visit) -> None:
    for path in ("/list", "/score"):
        box = visit.go(path).get_by_role("checkbox", name="Yes, this day").bounding_box()
        assert box is not None
        assert box["width"] == box["height"] < 24


def test_what_is_no_list_is_refused_on_the_page_and_can_be_sent_again(visit: Visit, tmp_path: Path) -> None:
    page = upload(visit, tmp_path, "name;surname\nA;B\n")
    expect(page.get_by_role("alert")).to_contain_text("names none of them ('name', 'surname')")
    visit.complaints.clear()  # the browser notes the 422s as failed requests
    upload(visit, tmp_path, csv_of(people(2)))
    expect(page.get_by_role("slider")).to_be_visible()


def test_the_first_rows_are_shown_before_anything_is_sent(visit: Visit, tmp_path: Path) -> None:
    rows = people(7)
    hostile = 'name;note;job\r\n"Smith; Ann";"<b>said ""yes""</b>";admin.\r\n'
    (tmp_path / "list.csv").write_text(csv_of(rows), encoding="utf-8")
    (tmp_path / "odd.csv").write_text(hostile, encoding="utf-8")
    page = visit.go("/list")
    shown = page.get_by_role("region", name="First rows of your file")
    page.get_by_label("Customer list").set_input_files(tmp_path / "list.csv")
    expect(shown.locator("tbody tr")).to_have_count(5)
    expect(shown.locator("thead th")).to_have_count(len(rows[0]))
    expect(shown.locator("tbody tr").first.locator("td")).to_have_text([str(value) for value in rows[0].values()])
    page.get_by_label("Customer list").set_input_files(tmp_path / "odd.csv")
    expect(shown.locator("td")).to_have_text(["Smith; Ann", '<b>said "yes"</b>', "admin."])


def test_the_example_can_be_sent_as_it_is(visit: Visit) -> None:
    page = visit.go("/list")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download an example").click()
    page.get_by_label("Customer list").set_input_files(waiting.value.path())
    page.get_by_role("button", name="Send and score").click()
    expect(page.locator("#ranked tbody tr")).to_have_count(1)


def test_without_javascript_a_list_is_scored_all_the_same(browser: Browser, served: Running, key: str, tmp_path: Path) -> None:
    with browser.new_context(viewport=DESK, java_script_enabled=False) as context:
        visit = Visit(context, served.url)
        visit.sign_in(key)
        page = upload(visit, tmp_path, csv_of(people(5)))
        for _ in range(50):
            if page.locator("#ranked").count():
                break
            page.wait_for_timeout(200)
            page.reload()
        expect(page.locator("#ranked tbody tr")).to_have_count(5)
