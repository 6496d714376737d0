"""The notes of a release: its version's section of CHANGELOG.md. `python -m scripts.release_notes v1.2.3`; standard library only."""

from __future__ import annotations

import re
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


class NotReleasableError(ValueError):
    """Tag, package and changelog do not agree; the message says which."""


def package_version(project: Path = PROJECT) -> str:
    """The package's version, read without importing it."""
    text = (project / "include" / "bank_marketing" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    if found is None:
        raise NotReleasableError("include/bank_marketing/__init__.py states no __version__")
    return found[1]


def section(changelog: str, version: str) -> str:
    """The lines below `## [version]`. Raises NotReleasableError: there is no such section, or it is empty."""
    found = re.search(rf"^## \[{re.escape(version)}\][^\n]*\n(.*?)(?=^## \[|\Z)", changelog, re.MULTILINE | re.DOTALL)
    if found is None or not found[1].strip():
        raise NotReleasableError(f"CHANGELOG.md has no section [{version}], or it says nothing")
    return found[1].strip()


def notes(tag: str, project: Path = PROJECT) -> str:
    """The notes of a tag. Raises NotReleasableError: tag, package and changelog do not agree."""
    version = package_version(project)
    if tag != f"v{version}":
        raise NotReleasableError(
            f"the tag is {tag} and the package says {version}: tag v{version}, or change __version__ first"
        )
    return section((project / "CHANGELOG.md").read_text(encoding="utf-8"), version)


def main(arguments: list[str]) -> int:
    """Print the notes; returns the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("name the tag: python -m scripts.release_notes v1.2.3\n")
        return 2
    try:
        print(notes(arguments[0]))
    except NotReleasableError as error:
        sys.stderr.write(f"no release: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
