"""What a mail consists of: a subject, a page that a phone shows well, and the same in plain words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser

_ALERT = """\
<div style="font-family:Segoe UI,Helvetica,Arial,sans-serif;max-width:640px;margin:auto;color:#1f2a44;font-size:15px">
<h2 style="color:#b3261e;font-size:19px">{title}</h2>
<table style="border-collapse:collapse;width:100%">
{rows}
</table>
<p>{links}</p></div>"""
_ROW = (
    '<tr><th style="text-align:left;vertical-align:top;padding:6px 12px 6px 0;color:#5a6578">{name}</th>'
    '<td style="padding:6px 0;overflow-wrap:anywhere">{value}</td></tr>'
)
_LINK = '<a href="{href}" style="color:#0b6e99;display:inline-block;padding:8px 16px 8px 0">{name}</a>'


@dataclass(frozen=True)
class Mail:
    """A mail to the platform's recipients."""

    subject: str
    html: str


def alert(subject: str, title: str, rows: Mapping[str, str], links: Mapping[str, str]) -> Mail:
    """An alert: `rows` are facts by name (empty ones are left out), `links` addresses by name. All text is escaped."""
    html = _ALERT.format(
        title=escape(title),
        rows="\n".join(_ROW.format(name=escape(name), value=escape(value)) for name, value in rows.items() if value),
        links="\n".join(_LINK.format(name=escape(name), href=escape(href)) for name, href in links.items() if href),
    )
    # A line break would end the header: what landed may hold one.
    return Mail(" ".join(f"[bank-marketing] {subject}".split())[:200], html)


def plain_text(html: str) -> str:
    """The words of a mail's HTML: one line a table row, and each link with its address."""
    reader = _Words()
    reader.feed(html)
    lines = (re.sub(r"[ \t]+", " ", line).strip() for line in "".join(reader.words).splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


class _Words(HTMLParser):
    """Collects the visible text."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._hidden = 0
        self._address = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("style", "script", "title"):
            self._hidden += 1
        elif tag in ("tr", "p", "div", "h1", "h2", "h3", "table", "li", "br"):
            self.words.append("\n")
        elif tag == "a":
            self._address = dict(attrs).get("href") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "script", "title"):
            self._hidden -= 1
        elif tag in ("th", "td"):
            self.words.append(": " if tag == "th" else "  ")
        elif tag == "a" and self._address:
            self.words.append(f": {self._address}\n")
            self._address = ""
        elif tag in ("h1", "h2", "h3", "p", "table"):
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(re.sub(r"\s+", " ", data))
