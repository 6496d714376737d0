"""`python -m benchmarks.training`: makes the campaign's features, trains on them, and prints the figures as a table."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bank_marketing.artifacts.local import path_of
from bank_marketing.components import ingest_data, transform_data
from bank_marketing.components.context import RunContext
from bank_marketing.landing.commands import land
from bank_marketing.settings import Settings

console = Console(width=110)  # the table, also where the output is a file


def main() -> None:
    """Make the features, measure both parts at each size, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, nargs="+", default=[10], help="how often each row of the campaign is there")
    parser.add_argument("--features", type=Path, help="folder with the features of a run, instead of making them")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        features = asked.features or made(Path(folder))
        rows = [measure(part, features, times) for times in asked.times for part in ("solver", "platform")]
    table = Table("rows", "part", "CPU s", "CPU x solver", "memory MB", box=None)
    solver: dict[str, Any] = {}
    for row in rows:
        solver = row if row["part"] == "solver" else solver
        if abs(row["sum"] - solver["sum"]) > 1e-9:
            raise SystemExit(f"the platform's model is another than the solver's: {row} and {solver}")
        ratio, memory = row["cpu"] / solver["cpu"], row["memory"] / 1e6
        table.add_row(f"{row['rows']:,}", row["part"], f"{row['cpu']:.1f}", f"{ratio:.2f}", f"{memory:,.0f}")
    console.print(table)


def made(home: Path) -> Path:
    """Features of the whole campaign, made in a home of their own."""
    settings = Settings(home=home, landing_root=home / "landing", artifact_root=str(home / "artifacts"))
    land(settings)
    context = RunContext("benchmark", "training", date(2010, 11, 30), settings)
    snapshot = ingest_data.run(ingest_data.IngestionConfig(), ingest_data.IngestionInputs(), context)
    inputs = transform_data.TransformationInputs(snapshot=snapshot.ref)
    found = transform_data.run(context.config("transform_data", transform_data.TransformationConfig), inputs, context)
    return path_of(found.ref.uri) / transform_data.FEATURES


def measure(part: str, features: Path, times: int) -> dict[str, Any]:
    """One part in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.training.parts", part, str(features), str(times)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
