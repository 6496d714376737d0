"""`make archive`: the published archives of all campaigns, into the cache, each checked by its SHA-256.

Exit code 1 where one cannot be had: a pipeline without the real campaign would leave out what is tried on it, in silence. In GitHub's
pipeline what follows finds them as well (BANK_ARCHIVE).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from bank_marketing.errors import BankMarketingError
from bank_marketing.landing.archive import find_archive
from bank_marketing.landing.pinned import PinnedArchive
from bank_marketing.landing.source import load_source
from bank_marketing.settings import PROJECT_DIR, Settings


def pinned_archives(campaigns: Path = PROJECT_DIR / "include" / "campaigns") -> Iterator[PinnedArchive]:
    """The archives that the campaigns of this repository land."""
    for folder in sorted(path.parent for path in campaigns.glob("*/source.py")):
        if source := load_source(folder):
            yield source.archive


def main() -> int:
    """Fetch what is not there, check all; returns the exit code."""
    settings = Settings(archive=None)
    for pinned in pinned_archives():
        try:
            found = find_archive(settings, pinned)
        except BankMarketingError as error:
            print(f"make archive: {error}", file=sys.stderr)
            return 1
        if found is None:
            print(
                f"make archive: none of {', '.join(pinned.urls)} answers; put {pinned.name} into {settings.cache}",
                file=sys.stderr,
            )
            return 1
        print(f"{pinned.name}: {found.origin}, sha256 {pinned.sha256[:12]}…")
    if exported := os.environ.get("GITHUB_ENV"):
        with Path(exported).open("a", encoding="utf-8") as file:
            file.write(f"BANK_ARCHIVE={settings.cache}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
