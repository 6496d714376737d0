"""Run Python with only the packages of an image's lock: `python -m tests.support.image_packages LOCK MODULE [ARGUMENT …]`."""

from __future__ import annotations

import importlib.machinery
import re
import runpy
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from scripts import lock


class Installed(importlib.machinery.PathFinder):
    """Finds nothing of what the image does not install."""

    denied: frozenset[str] = frozenset()

    @classmethod
    def find_spec(cls, fullname: str, path: Any = None, target: Any = None) -> Any:
        """None for what is not installed, as in the image."""
        return None if fullname.partition(".")[0] in cls.denied else super().find_spec(fullname, path, target)


def denied(installed: set[str]) -> frozenset[str]:
    """Modules of the distributions that are not among these."""
    owners = metadata.packages_distributions()
    return frozenset(
        module for module, names in owners.items() if not {re.sub(r"[-_.]+", "-", name).lower() for name in names} & installed
    )


if __name__ == "__main__":
    entries = lock.entries(Path(sys.argv[1]).read_text(encoding="utf-8"))
    Installed.denied = denied({*entries, "bank-marketing-platform"})
    sys.meta_path[:] = [Installed if finder is importlib.machinery.PathFinder else finder for finder in sys.meta_path]
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
