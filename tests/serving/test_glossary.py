"""The pages' technical words: each that stands on a page is explained there, and none is explained for nothing."""

from __future__ import annotations

import re
from importlib import resources

from bank_marketing.serving.glossary import TERMS
from bank_marketing.serving.model_page import FIGURES


def test_every_explained_word_is_known_and_every_known_word_is_explained() -> None:
    folder = resources.files("bank_marketing.serving").joinpath("templates")
    pages = [page.read_text(encoding="utf-8") for page in folder.iterdir()]
    named = {
        name for page in pages for given in re.findall(r"help\(\[(.*?)\]\)", page) for name in re.findall(r'"(.*?)"', given)
    }
    figures = {title for _, title, _ in FIGURES}
    assert named | figures == set(TERMS)


def test_each_is_a_sentence_or_two() -> None:
    for name, meaning in TERMS.items():
        assert meaning.endswith("."), name
        assert len(meaning) < 160, name
