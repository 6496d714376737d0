"""`python -m benchmarks.etl`: prints the figures as a table, and writes them to a JSON file where one is named."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.etl.data import land

ENGINES = ("platform", "polars", "duckdb", "pandas")

console = Console(width=130)  # the table, also where the output is a file


def main() -> None:
    """Land, measure each engine on the same files, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scales", type=int, nargs="+", default=[1, 10, 100], help="rows, as multiples of 41,188")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--repeat", type=int, default=3, help="measurements of each; the one of the fewest CPU seconds counts")
    parser.add_argument("--output", type=Path, help="write the figures to this JSON file too")
    asked = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for scale in asked.scales:
        with tempfile.TemporaryDirectory() as folder:
            zone = Path(folder) / "landing"
            landed = land(zone, scale)
            rows += compare(zone, landed, asked.engines, asked.repeat)
            show([row for row in rows if row["landed"] == landed])
    machine = {"cores": os.cpu_count(), "memory": psutil.virtual_memory().total, "system": platform.platform()}
    if asked.output:
        asked.output.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n", encoding="utf-8")


def compare(zone: Path, landed: int, engines: list[str], repeat: int) -> list[dict[str, Any]]:
    """The cheapest in CPU of `repeat` rounds of each engine, one after the other in every round; their counts must be the same."""
    best: dict[str, dict[str, Any]] = {}
    for _ in range(repeat):
        for engine in engines:
            found = measure(engine, zone) | {"engine": engine, "landed": landed}
            if engine not in best or found["cpu"] < best[engine]["cpu"]:
                best[engine] = found
    counts = {json.dumps(found["counts"], sort_keys=True) for found in best.values()}
    if len(counts) > 1:
        raise SystemExit(f"the engines disagree: { {name: found['counts'] for name, found in best.items()} }")
    return list(best.values())


def measure(engine: str, zone: Path) -> dict[str, Any]:
    """One engine in a process of its own: seconds by the clock, seconds of processors, largest memory of its processes."""
    with tempfile.TemporaryDirectory(dir=zone.parent) as folder:
        module = ["benchmarks.etl.ours"] if engine == "platform" else ["benchmarks.etl.peers", engine]
        start = time.monotonic()
        process = subprocess.Popen([sys.executable, "-m", *module, str(zone), folder], stdout=subprocess.PIPE, text=True)
        cpu, memory = _watch(process)
        clock = time.monotonic() - start
        output = process.communicate()[0]
        shutil.rmtree(folder, ignore_errors=True)
        Path(folder).mkdir()
    if process.returncode:
        raise SystemExit(f"{engine} failed")
    return {"clock": clock, "cpu": cpu, "memory": memory, "counts": json.loads(output.splitlines()[-1])}


def _watch(process: subprocess.Popen[str]) -> tuple[float, int]:
    seen: dict[int, float] = {}
    peak = 0
    top = psutil.Process(process.pid)
    while process.poll() is None:
        memory = 0
        try:
            for part in [top, *top.children(recursive=True)]:
                with part.oneshot():
                    times = part.cpu_times()
                    seen[part.pid] = times.user + times.system
                    memory += part.memory_info().rss
        except psutil.NoSuchProcess:
            pass
        peak = max(peak, memory)
        time.sleep(0.05)
    return sum(seen.values()), peak


def show(rows: list[dict[str, Any]]) -> None:
    """One line an engine, with the ratios to Polars."""
    table = Table(title=f"{rows[0]['landed']:,} rows")
    for name in ("engine", "seconds", "CPU seconds", "x Polars", "CPU x Polars", "memory, GB", "rows/CPU s"):
        table.add_column(name, justify="left" if name == "engine" else "right")
    polars = next((row for row in rows if row["engine"] == "polars"), None)
    for row in rows:
        ratios = (f"{row[kind] / polars[kind]:.1f}" if polars else "" for kind in ("clock", "cpu"))
        table.add_row(
            row["engine"],
            f"{row['clock']:.1f}",
            f"{row['cpu']:.1f}",
            *ratios,
            f"{row['memory'] / 2**30:.2f}",
            f"{row['landed'] / row['cpu']:,.0f}",
        )
    console.print(table)


if __name__ == "__main__":
    main()
