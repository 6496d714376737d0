"""One part of the night, in a process of its own: `python -m benchmarks.history.night HOME PART` prints its figures as JSON."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from bank_marketing.artifacts import local
from bank_marketing.components.context import RunContext
from bank_marketing.pipelines import monitoring, run_step, run_steps, scoring
from benchmarks.history.past import EVENING, predictions_of, settings_of

if TYPE_CHECKING:
    import pyarrow as pa

#: Keeps references for the parts after the one that made them.
REFS = "refs.json"


class CountingStore(local.LocalStore):
    """The file store, with a count of what it is asked for: names that a listing gave, and files that were looked for or opened."""

    named = opened = 0

    def list_files(self, uri: str) -> Iterator[str]:
        """As the store's own."""
        for found in super().list_files(uri):
            CountingStore.named += 1
            yield found

    def list_folders(self, uri: str) -> list[str]:
        """As the store's own."""
        found = super().list_folders(uri)
        CountingStore.named += len(found)
        return found

    def exists(self, uri: str) -> bool:
        """As the store's own."""
        CountingStore.opened += 1
        return super().exists(uri)

    def read_bytes(self, uri: str) -> bytes:
        """As the store's own."""
        CountingStore.opened += 1
        return super().read_bytes(uri)

    def read_table(self, uri: str, *, columns: Sequence[str] | None = None, filters: Any = None) -> pa.Table:
        """As the store's own."""
        CountingStore.opened += 1
        return super().read_table(uri, columns=columns, filters=filters)


def _context(home: Path, dag: str) -> RunContext:
    return RunContext(dag, "measured", EVENING, settings_of(home))


def training_step(home: Path, step: str) -> Callable[[], object]:
    """A step of the training run of the new day, with Spark started where it is needed."""
    context, place = _context(home, "bank_marketing_training"), home / REFS
    refs = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
    if step != "validate_data":
        _start_spark(context)

    def run() -> None:
        from bank_marketing.artifacts import ArtifactRef

        known = {name: ArtifactRef.model_validate(ref) for name, ref in refs.items()}
        refs[step] = run_step(step, known, context, {}).model_dump()
        place.write_text(json.dumps(refs), encoding="utf-8")

    return run


def score(home: Path) -> Callable[[], object]:
    """The whole scoring run: the list of the day after the new one."""
    context = _context(home, "bank_marketing_batch_scoring")
    _start_spark(context)
    from bank_marketing.scoring.missed import missed_nights

    return lambda: (missed_nights(context), run_steps(scoring.STEPS, context, {"who": "benchmark"}))


def monitor(home: Path) -> Callable[[], object]:
    """The whole monitoring run of the new day."""
    context = _context(home, "bank_marketing_drift_retraining")
    import bank_marketing.monitoring.evidently_report  # noqa: F401  what is imported is not what is measured

    return lambda: run_steps(monitoring.STEPS, context)


def trace(home: Path) -> Callable[[], object]:
    """The audit of one prediction of the newest list, down to the landed files."""
    from bank_marketing.lineage.trace import trace as traced
    from bank_marketing.registry.registry import Registry
    from benchmarks.history.past import next_day

    context = _context(home, "any")
    wanted = next(iter(predictions_of(context.store, next_day(EVENING))))
    return lambda: traced(context.store, Registry(context.settings, context.store), wanted)


def serve(home: Path) -> Callable[[], object]:
    """The start of the service: until it could answer."""
    from bank_marketing.serving.app import create_app
    from bank_marketing.serving.settings import ApiSettings

    def run() -> None:
        create_app(settings_of(home), ApiSettings(auth="off")).state.service.models.check()

    return run


def _served(home: Path) -> Any:
    from bank_marketing.serving.app import create_app
    from bank_marketing.serving.settings import ApiSettings

    app = create_app(settings_of(home), ApiSettings(auth="off"))
    app.state.service.models.check()
    return app


def look_again(home: Path) -> Callable[[], object]:
    """Ten of the looks that the service takes every 30 seconds."""
    models = _served(home).state.service.models
    return lambda: [models.check() for _ in range(10)]


def campaign_page(home: Path) -> Callable[[], object]:
    """The campaign page, for the first time after the night."""
    from starlette.testclient import TestClient

    client = TestClient(_served(home), base_url="http://127.0.0.1:8000", client=("127.0.0.1", 50000))
    client.get("/login")
    return lambda: client.get("/campaign").raise_for_status()


PARTS: dict[str, Callable[[Path], Callable[[], object]]] = {
    "ingest_data": lambda home: training_step(home, "ingest_data"),
    "validate_data": lambda home: training_step(home, "validate_data"),
    "transform_data": lambda home: training_step(home, "transform_data"),
    "scoring, all steps": score,
    "monitoring, all steps": monitor,
    "trace of a prediction": trace,
    "start of the service": serve,
    "ten looks of the service": look_again,
    "campaign page": campaign_page,
}


def _start_spark(context: RunContext) -> None:
    """Start Spark, so that no part pays for it."""
    from bank_marketing.etl.session import spark_session

    spark_session("benchmark", context.settings).range(1000).repartition(8).count()


def _totals() -> dict[str, float]:
    """CPU seconds, MB read and the largest resident size in MB of this process, Spark's JVM and its workers, so far."""
    found = {"cpu": 0.0, "read": 0.0, "memory": 0.0}
    own = psutil.Process()
    for process in (own, *own.children(recursive=True)):
        with suppress(psutil.NoSuchProcess, FileNotFoundError):
            found["cpu"] += sum(process.cpu_times()[:4])
            found["read"] += process.io_counters().read_chars / 2**20
            status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
            if peak := re.search(r"VmHWM:\s+(\d+)", status):  # none of a process that has ended
                found["memory"] += int(peak[1]) / 2**10
    return found


def main() -> None:
    """Run one part."""
    home, part = Path(sys.argv[1]), sys.argv[2]
    local.LocalStore = CountingStore  # type: ignore[misc]  # what `open_store` opens
    run = PARTS[part](home)
    CountingStore.named = CountingStore.opened = 0
    before = _totals()
    run()
    after = _totals()
    figures = {name: after[name] - before[name] for name in ("cpu", "read")} | {"memory": after["memory"]}
    figures |= {"named": CountingStore.named, "opened": CountingStore.opened}
    sys.stdout.write("\n" + json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
