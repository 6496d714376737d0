"""`python -m benchmarks.serving`: prints the figures as a table and writes them to a JSON file."""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from bank_marketing.serving.settings import ApiSettings
from benchmarks.serving.load import Measured, Target, apply_load
from benchmarks.serving.platforms import Measurable, prepare
from benchmarks.serving.servers import Server, mlflow_serve, service

BATCH = 500

#: Connections at a time that the service holds by default.
MOST = ApiSettings().max_connections

#: Answers before the first measurement: imports, caches, the model's first call.
WARM_UP = 20

console = Console(width=130)  # the table, also where the output is a file


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15, help="of each load")
    parser.add_argument("--memory-requests", type=int, default=100_000, help="predictions of the memory test")
    parser.add_argument("--memory-seconds", type=float, default=300, help="the memory test ends after it at the latest")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/serving/latest.json"))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        console.print("preparing a platform …")
        made = prepare(Path(folder))
        told = measure(made, Path(folder), asked)
    asked.output.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    show(told)
    if told["disagreement"] or told["swap"]["failed"] or any(row["failed"] for row in told["loads"]):
        raise SystemExit("a request failed, or the two servers disagree")


def measure(made: Measurable, folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """All measurements, both servers one after the other."""
    headers = {"X-API-Key": made.key}
    one, many = made.prospects(1), made.prospects(BATCH)
    loads: list[dict[str, Any]] = []
    with service(made.settings, folder / "service.log") as server:
        url = server.url
        single = Target(f"{url}/api/v1/predictions", json.dumps({"prospect": one[0]}).encode(), headers)
        batch = Target(f"{url}/api/v1/predictions/batch", json.dumps({"prospects": many}).encode(), headers)
        ours = [entry["probability"] for entry in json.loads(_warm(batch))["predictions"]]
        _warm(single)
        loads += _loads("service", server, single, batch, asked.seconds)
        swap = swap_under_load(made, single, asked.seconds)
        memory = memory_over_requests(url, single, asked.memory_requests, asked.memory_seconds)
    with mlflow_serve(made.settings, made.version.version, folder / "mlflow.log") as server:
        single, batch = (Target(f"{server.url}/invocations", _records(made, rows), {}) for rows in (one, many))
        theirs = json.loads(_warm(batch))["predictions"]
        _warm(single)
        loads += _loads("mlflow models serve", server, single, batch, asked.seconds)
    disagreement = max(abs(a - b) for a, b in zip(ours, theirs, strict=True))
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "load_before": round(os.getloadavg()[2], 1)}
    return {
        "machine": machine,
        "model": made.source,
        "batch": BATCH,
        "loads": loads,
        "swap": swap,
        "memory": memory,
        "disagreement": disagreement,
    }


def swap_under_load(made: Measurable, target: Target, seconds: float) -> dict[str, Any]:
    """Swap the model to and fro while requests go on; every answer must be a prediction of one of the two versions."""
    seen: dict[int, set[float]] = {}

    def see(answer: bytes) -> None:
        told = json.loads(answer or b"{}")
        if "model" in told:
            seen.setdefault(told["model"]["version"], set()).add(told["probability"])

    found: list[Measured] = []
    load = threading.Thread(target=lambda: found.append(apply_load(target, 4, seconds=seconds, see=see)))
    load.start()
    swaps = 0
    while load.is_alive():
        wanted = made.second if swaps % 2 == 0 else made.version
        made.registry.rollback(wanted.version, reason="benchmark", who="benchmark")
        swaps += 1
        time.sleep(min(3.0, seconds / 4))
    load.join()
    if made.registry.production().version != made.version.version:
        made.registry.rollback(made.version.version, reason="benchmark", who="benchmark")
    mixed = any(len(values) > 1 for values in seen.values())
    return {
        "requests": len(found[0].latencies),
        "failed": found[0].failed + mixed,
        "swaps": swaps,
        "versions": sorted(seen),
        "p99_ms": found[0].quantile(0.99),
    }


def memory_over_requests(url: str, target: Target, requests: int, seconds: float) -> dict[str, Any]:
    """Memory of the service's process while it answers; what it holds after a tenth of the requests is what it needs."""
    points, done, started = [(0, _resident(url))], 0, time.monotonic()
    share = max(1, requests // 100)
    while done < requests and (left := seconds - (time.monotonic() - started)) > 0:
        done += len(apply_load(target, 4, seconds=left, requests=share).latencies)
        points.append((done, _resident(url)))
    settled = next((size for count, size in points if count >= done / 10), points[-1][1])
    return {
        "requests": done,
        "points": points,
        "settled_mb": settled,
        "end_mb": points[-1][1],
        "growth_mb": points[-1][1] - settled,
    }


def show(told: dict[str, Any]) -> None:
    """The figures as tables."""
    table = Table("server", "request", "connections", "requests/s", "rows/s", "p50 ms", "p99 ms", "CPU ms", "failed")
    for row in told["loads"]:
        figures = [f"{row[name]:,.1f}" for name in ("per_second", "rows_per_second", "p50_ms", "p99_ms", "cpu_ms")]
        table.add_row(row["server"], row["request"], str(row["connections"]), *figures, str(row["failed"]))
    console.print(table)
    swap, memory = told["swap"], told["memory"]
    console.print(f"{told['machine']['cores']} cores, load average before: {told['machine']['load_before']}; {told['model']}")
    console.print(f"largest disagreement of the two servers: {told['disagreement']:.1e}")
    console.print(
        f"{swap['swaps']} swaps under load: {swap['requests']:,} requests, {swap['failed']} failed, p99 {swap['p99_ms']:.0f} ms"
    )
    console.print(
        f"memory over {memory['requests']:,} requests: {memory['settled_mb']:.0f} MB after a tenth, {memory['end_mb']:.0f} MB at the end"
    )


def _loads(name: str, server: Server, single: Target, batch: Target, seconds: float) -> list[dict[str, Any]]:
    plan = (
        ("single", single, 1, 1),
        ("single", single, 8, 1),
        ("single", single, MOST, 1),
        (f"batch of {BATCH}", batch, 1, BATCH),
    )
    rows = []
    for request, target, connections, size in plan:
        console.print(f"{name}, {request}, {connections} connections …")
        before = server.cpu_seconds()
        found = apply_load(target, connections, seconds=seconds)
        rows.append(
            {
                "server": name,
                "request": request,
                "connections": connections,
                "requests": len(found.latencies),
                "per_second": found.per_second,
                "rows_per_second": found.per_second * size,
                "p50_ms": found.quantile(0.5),
                "p99_ms": found.quantile(0.99),
                "cpu_ms": 1000 * (server.cpu_seconds() - before) / max(1, len(found.latencies)),
                "failed": found.failed,
            }
        )
    return rows


def _records(made: Measurable, prospects: list[dict[str, Any]]) -> bytes:
    rows = made.features(prospects).to_dict("records")
    clean = [
        {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()} for row in rows
    ]
    return json.dumps({"dataframe_records": clean}).encode()


def _warm(target: Target) -> bytes:
    connection = target.connect()
    for _ in range(WARM_UP):
        status, answer = target.ask(connection)
        if status != 200:
            raise SystemExit(f"{target.url} answered {status}: {answer[:1000]!r}")
    connection.close()
    return answer


def _resident(url: str) -> float:
    """Resident memory of the service's process in MB, from its own metrics."""
    lines = httpx.get(f"{url}/metrics", timeout=60).text.splitlines()
    return next(float(line.split()[1]) / 1e6 for line in lines if line.startswith("process_resident_memory_bytes "))


if __name__ == "__main__":
    main()
