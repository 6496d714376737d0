"""docs/api.md: each of its commands works, and answers as the page says."""

from __future__ import annotations

import re

from scripts.api_examples import PAGE, examples, rewritten, shape
from tests.support.served import Platform, Running


def test_every_example_works_and_answers_in_the_shape_of_the_page(served: Running, platform: Platform) -> None:
    page = PAGE.read_text(encoding="utf-8")
    found = list(examples(page, served.url, platform.key("reader")))
    commands = re.findall(r"^```(?:sh|python)$", page, re.M)
    assert len(found) == len(commands) > 5  # none without an answer
    for example in found:
        assert shape(example.answer, example.form) == shape(example.written, example.form), example.code
    assert rewritten(page, [example.written for example in found]) == page


def test_the_page_names_every_documented_header(served: Running) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name in served.app.openapi()["components"]["headers"]:
        assert f"`{name}`" in page
