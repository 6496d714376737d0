"""What one more night costs after histories of several lengths: `python -m benchmarks.history [--days 250 1000]`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.history.night import PARTS
from benchmarks.history.past import prepare

console = Console(width=150)

#: What is measured of a part, as the table calls it, with its format.
FIGURES = {
    "cpu": ("CPU seconds", ",.2f"),
    "memory": ("peak memory, MB", ",.0f"),
    "read": ("MB read", ",.1f"),
    "named": ("names listed", ",.0f"),
    "opened": ("files looked for or opened by the store", ",.0f"),
}

Figures = dict[str, float]


def main() -> None:
    """Make the histories, live one more night with each, and print a table a figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, nargs="+", default=[250, 1_000], help="contact days of history [%(default)s]")
    parser.add_argument("--rows", type=int, default=100, help="contacts a day [%(default)s]")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="[%(default)s]")
    parser.add_argument("--home", type=Path, help="make the histories there and keep them, for a night with another release")
    given = parser.parse_args()
    memory = psutil.virtual_memory().total / 2**30
    console.print(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, {memory:.0f} GB")
    with tempfile.TemporaryDirectory() as folder:
        found: dict[int, dict[str, Figures]] = {}
        for days in given.days:
            home = (given.home or Path(folder)) / str(days)
            if not home.exists():
                with console.status(f"{days:,} contact days of {given.rows} rows"):
                    prepare(home, days, given.rows)
            found[days] = {}
            for part in given.parts:
                with console.status(f"{days:,} contact days: {part}"):
                    found[days][part] = measured(home, part)
    for figure in FIGURES:
        console.print(table_of(figure, found))


def measured(home: Path, part: str) -> Figures:
    """Run one part in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.history.night", str(home), part]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed; run it by hand to see why")
    figures: Figures = json.loads(done.stdout.strip().splitlines()[-1])
    return figures


def table_of(figure: str, found: dict[int, dict[str, Figures]]) -> Table:
    """One figure of all parts, by days of history, and the longest history as a multiple of the shortest."""
    title, form = FIGURES[figure]
    shortest, longest = min(found), max(found)
    table = Table("what", *(f"{days:,} days" for days in sorted(found)), "ratio", title=title)
    for part in found[shortest]:
        values = [found[days][part][figure] for days in sorted(found)]
        least, most = found[shortest][part][figure], found[longest][part][figure]
        table.add_row(part, *(format(value, form) for value in values), f"{most / least:.2f}" if least else "")
    return table


if __name__ == "__main__":
    main()
