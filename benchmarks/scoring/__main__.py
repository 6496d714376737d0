"""How fast the nightly scoring is, and how much memory it takes: `python -m benchmarks.scoring [--rows 200000 1000000]`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.scoring.platform import MODELS, prepare, write_list

console = Console()

#: Fewer processor seconds say nothing about a rate.
LEAST_CPU = 0.1


@dataclass(frozen=True)
class Measured:
    """Seconds by name, and the peak of the resident memory in MB of the JVM, the largest Python worker, the driver's Python."""

    seconds: dict[str, dict[str, float]]
    jvm: float
    worker: float
    driver: float


def main() -> None:
    """Measure both models at each size and print the tables of the README."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--rows", type=int, nargs="+", default=[200_000, 1_000_000], help="lengths of the call lists [%(default)s]"
    )
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS), help="[%(default)s]")
    parser.add_argument("--home", type=Path, help="keep the platform there and use it again; a temporary folder when left out")
    given = parser.parse_args()
    memory = psutil.virtual_memory().total / 2**30
    console.print(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, {memory:.0f} GB")
    with tempfile.TemporaryDirectory() as folder:
        for model in given.models:
            home = (given.home or Path(folder)) / model
            if not (home / "artifacts").exists():
                with console.status(f"{model}: landing the synthetic campaign, training"):
                    prepare(home, model)
            for rows in given.rows:
                measure(home, model, rows)


def measure(home: Path, model: str, rows: int) -> None:
    """Measure one model on one list, and print it."""
    with console.status(f"{model}: a list of {rows:,} clients"):
        write_list(home, rows)
    found = {}
    for part in ("nightly", "predict", "scorer", "spark_udf"):
        with console.status(f"{model}, {rows:,} rows: {part}"):
            found[part] = run(home, part, rows)
    night, own = found["nightly"], found["predict"].seconds["predict"]
    table = Table("what", "seconds", "CPU seconds", "rows a CPU second", "of predict", title=f"{model}, {rows:,} rows")
    whole = {kind: sum(step[kind] for step in night.seconds.values()) for kind in ("clock", "cpu")}
    lines = {"model's own predict, one process": own, "executor's work, one process": found["scorer"].seconds["scorer"]}
    lines |= {"mlflow.pyfunc.spark_udf": found["spark_udf"].seconds["spark_udf"]} | night.seconds | {"whole run": whole}
    for name, spent in lines.items():
        rates = (f"{rows / spent['cpu']:,.0f}", f"{own['cpu'] / spent['cpu']:.3f}") if spent["cpu"] >= LEAST_CPU else ("", "")
        table.add_row(name, f"{spent['clock']:.1f}", f"{spent['cpu']:.1f}", *rates)
    console.print(table)
    console.print(
        f"peak of the nightly run: Spark's JVM {night.jvm:,.0f} MB, largest Python worker {night.worker:,.0f} MB, driver's Python "
        f"{night.driver:,.0f} MB; predict in one process {found['predict'].driver:,.0f} MB\n"
    )


def run(home: Path, part: str, rows: int) -> Measured:
    """Run one part in a process of its own and watch its memory."""
    command = [sys.executable, "-m", "benchmarks.scoring.parts", str(home), part, str(rows)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    peaks = {"jvm": 0.0, "worker": 0.0, "driver": 0.0}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            for name, size in sizes(process.pid).items():
                peaks[name] = max(peaks[name], size)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    output, _ = process.communicate()
    over.set()
    watcher.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed; run it by hand to see why")
    return Measured(json.loads(output.strip().splitlines()[-1]), **peaks)


def sizes(pid: int) -> dict[str, float]:
    """Resident memory in MB of a part's processes."""
    found = {"jvm": 0.0, "worker": 0.0, "driver": 0.0}
    try:
        own = psutil.Process(pid)
        found["driver"] = own.memory_info().rss / 2**20
        for child in own.children(recursive=True):
            kind = "jvm" if "java" in child.name() else "worker" if "python" in child.name() else ""
            if kind:  # else it is a fork of the JVM that has not become a worker yet
                found[kind] = max(found[kind], child.memory_info().rss / 2**20)
    except psutil.Error:  # it has just ended
        pass
    return found


if __name__ == "__main__":
    main()
