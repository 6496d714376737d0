"""`make api-examples`: runs the commands of docs/api.md against a running service and writes its answers below them.

A block of `sh` or `python` whose next block is `json` or `csv` is an example: the second block is what the first printed. A test runs
them too, and compares the shape of what it gets with the page's, so that the page cannot say what the service does not.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.environment import PROJECT

PAGE = PROJECT / "docs" / "api.md"

_BLOCK = re.compile(r"(```(?P<language>sh|python)\n(?P<code>.*?)```\n\n```(?P<form>json|csv)\n)(?P<answer>.*?)(?=```)", re.S)

_DIGEST = re.compile(r"\b([0-9a-f]{16})[0-9a-f]{48}\b")


@dataclass(frozen=True)
class Example:
    """A command of the page, and its answer there and now."""

    code: str
    form: str
    written: str
    answer: str


def examples(page: str, url: str, key: str) -> Iterator[Example]:
    """Run the page's commands in their order, in one folder, as a reader would.

    Args:
        page: the page's text.
        url: of a running service.
        key: an API key of it.

    Raises:
        SystemExit: a command fails; its last words are given.
    """
    environment = os.environ | {"BANK_API": url, "BANK_API_KEY": key}
    with tempfile.TemporaryDirectory() as folder:
        for found in _BLOCK.finditer(page):
            code = found["code"]
            command = ["bash", "-euc", code] if found["language"] == "sh" else [sys.executable, "-c", code]
            ran = subprocess.run(command, check=False, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
            if ran.returncode:
                raise SystemExit(f"This example of docs/api.md fails: {ran.stderr.strip() or ran.stdout.strip()}\n{code}")
            yield Example(code, found["form"], found["answer"], _pretty(ran.stdout, found["form"]))


def _pretty(printed: str, form: str) -> str:
    """An answer as the page has it; digests are cut, as nobody reads them and the search for secrets takes them for keys."""
    text = json.dumps(json.loads(printed), indent=2, ensure_ascii=False) if form == "json" else printed.rstrip("\n")
    return _DIGEST.sub(r"\1…", text) + "\n"


def shape(example_text: str, form: str) -> Any:
    """What of an answer must not change: names and kinds of its values, or the columns of a table."""
    return example_text.splitlines()[0] if form == "csv" else _kinds(json.loads(example_text))


def _kinds(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _kinds(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_kinds(item) for item in value[:1]]
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__


def rewritten(page: str, answers: list[str]) -> str:
    """The page with other answers."""
    following = iter(answers)
    return _BLOCK.sub(lambda found: found[1] + next(following), page)


def main() -> None:
    """Write the page anew, with the answers of the service at BANK_API."""
    url, key = os.environ.get("BANK_API", "http://localhost:8000"), os.environ.get("BANK_API_KEY", "")
    if not key:
        raise SystemExit("BANK_API_KEY is not set: make one with `bank-marketing api-key create docs`, and `make serve` first.")
    page = PAGE.read_text(encoding="utf-8")
    Path(PAGE).write_text(rewritten(page, [example.answer for example in examples(page, url, key)]), encoding="utf-8")


if __name__ == "__main__":
    main()
