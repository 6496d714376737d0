"""Data Docs without a network: their looks, and the tables of their index, come from servers that a bank's browser may not reach."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import PurePosixPath

FOLDER = "data_docs/"

#: Before Great Expectations' own style sheets, which win where they can be loaded.
_STYLE = """<style>
body { font: 16px/1.5 "Segoe UI", Helvetica, Arial, sans-serif; color: #1f2a44; margin: 1.5rem auto; max-width: 75rem; padding: 0 1rem }
table { border-collapse: collapse; margin: .5rem 0 } th, td { border: 1px solid #d5dbe6; padding: .3rem .6rem; text-align: left }
.fa-check-circle::before { content: "\\2713 "; color: #1b7f3b } .fa-times::before { content: "\\2717 "; color: #b3261e }
.bank-pages { background: #f4f6fa; border: 1px solid #d5dbe6; border-radius: 6px; padding: .4rem 1.2rem; margin: 1rem 0 }
</style>"""


def readable(content: bytes, path: str, files: Iterable[str]) -> bytes:
    """A page of Data Docs with a style of its own; its index with links to all pages among the artifact's `files`."""
    content = content.replace(b"<head>", b"<head>" + _STYLE.encode(), 1)
    if path != f"{FOLDER}index.html":
        return content
    pages = sorted(
        name.removeprefix(FOLDER) for name in files if name.startswith(FOLDER) and name.endswith(".html") and name != path
    )
    links = "".join(f'<li><a href="{escape(name)}">{escape(_title(name))}</a></li>' for name in reversed(pages))
    return content.replace(b"<body>", f'<body><nav class="bank-pages"><ul>{links}</ul></nav>'.encode(), 1)


def _title(name: str) -> str:
    kind, stem = name.partition("/")[0], PurePosixPath(name).stem
    return f"{'Validation of' if kind == 'validations' else 'All rules:'} {stem}"
