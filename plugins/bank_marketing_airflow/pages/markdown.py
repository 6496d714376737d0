"""Markdown as a page: tables and headings with anchors; HTML inside it stays text."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"


@cache
def templates() -> Environment:
    """The pages' templates."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def markdown_page(text: str, *, title: str) -> str:
    """A whole page. A heading of one word can be linked to by that word in small letters, as on GitHub."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens: list[Any] = parser.parse(text)
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", re.sub(r"[^a-z0-9-]+", "-", inline.content.lower()).strip("-"))
    body = parser.renderer.render(tokens, parser.options, {})
    # The renderer has escaped all text, and lets no HTML of the source through.
    return templates().get_template("page.html.j2").render(title=title, body=Markup(body))  # noqa: S704
