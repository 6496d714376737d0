"""Ingestion: landed files become clean, immutable Parquet directories; the snapshot lists those that make up a day's data.

Incremental: a file whose clean directory exists is not read again. For every file, rows read = clean + rejected + duplicates, or
nothing of it is published.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from bank_marketing.artifacts import ArtifactRef, Manifest, Stage
from bank_marketing.artifacts.manifest import digest_of
from bank_marketing.components.context import Entity, RunContext
from bank_marketing.errors import ContractViolation, InvalidAsOf, ReconciliationError
from bank_marketing.etl.snapshot import CleanDay, Snapshot, Superseded, is_clean_part
from bank_marketing.landing.inspection import InspectedFile, inspect
from bank_marketing.landing.zone import LandedFile, LandingZone

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

COMPONENT = "ingest_data"
KIND = "snapshot"
CLEAN_ZONE = "clean/contacts"

#: New days of one night that are compared with what landed before them; after more nights without a run, all days are compared.
MOST_NEW = 10

#: Folder of the stage with a folder a day.
_OUT = "out"

log = logging.getLogger(__name__)


class IngestionConfig(Entity):
    """When a landed file is too bad to be used."""

    max_reject_share: float = Field(
        default=0.05, ge=0, le=1, description="more rejects in a file stop the run: an export broke"
    )
    tolerated_rejects: int = Field(default=1, ge=0, description="rejects that never stop it: a typo in a short day")


class IngestionInputs(Entity):
    """Nothing: ingestion reads the landing zone of the settings."""


class SnapshotArtifact(Entity):
    """The data as of a day."""

    ref: ArtifactRef
    snapshot: Snapshot
    new_files: int = 0


def run(config: IngestionConfig, inputs: IngestionInputs, context: RunContext) -> SnapshotArtifact:
    """Ingest every landed file up to `as_of` that was not ingested before, and publish the snapshot.

    Raises:
        InvalidAsOf: nothing has landed by `as_of`.
        LandedFileMissing, LandedFileIncomplete: a file should be there, or is still being written.
        ContractViolation: a file cannot be read, or too many of its rows were rejected.
        ReconciliationError: rows were lost or made up.
    """
    zone = LandingZone(context.settings.landing)
    source = zone.source()
    landed = zone.contact_days(until=context.as_of)
    if not landed:
        raise InvalidAsOf(
            f"as_of={context.as_of}: nothing has landed by that day; the first landed day of {zone.root} is {zone.first_day}"
        )
    ledger = _Ledger(context)
    new = []
    for file in landed:
        if ledger.find(file) is None:
            inspected = inspect(file, context.contract, settle_seconds=context.settings.landing_settle_seconds)
            if ledger.find_inspected(file, inspected) is None:
                new.append((file, inspected))
    log.info("%d landed files up to %s, %d of them new", len(landed), context.as_of, len(new))
    if new:
        _ingest(new, config, context, ledger)
    days = tuple(ledger.days[file.date] for file in landed)
    ledger.save()
    snapshot = Snapshot(
        as_of=context.as_of,
        synthetic=source.kind == "synthetic",
        days=days,
        superseded=tuple(_superseded(days, context)),
    )
    with context.stage() as stage:
        (stage.path / "snapshot.json").write_text(snapshot.model_dump_json(indent=1) + "\n", encoding="utf-8")
        manifest = context.publish(
            stage,
            COMPONENT,
            KIND,
            rows=snapshot.rows,
            parameters=config.model_dump(mode="json"),
            details={
                "source": source.model_dump(mode="json"),
                "days": len(days),
                "last_day": days[-1].contact_date.isoformat(),
            },
            notes={"new_files": len(new)},
        )
    rows = snapshot.rows
    log.info("snapshot of %s: %s", context.as_of, ", ".join(f"{count} {name}" for name, count in rows.items()))
    return SnapshotArtifact(ref=manifest.ref, snapshot=snapshot, new_files=len(new))


def load(ref: ArtifactRef, context: RunContext) -> SnapshotArtifact:
    """The artifact behind a reference."""
    manifest = context.store.manifest(ref)
    content = context.store.read_bytes(f"{manifest.uri}/snapshot.json")
    new = manifest.notes.get("new_files", 0)
    return SnapshotArtifact(
        ref=ref, snapshot=Snapshot.model_validate_json(content), new_files=new if isinstance(new, int) else 0
    )


class _Ledger:
    """Which landed files have a clean directory. The file it keeps is a cache: without it, files are hashed again."""

    def __init__(self, context: RunContext) -> None:
        self.store, self.contract = context.store, context.contract
        self.uri = self.store.uri(CLEAN_ZONE, "ledger.json")
        self.days: dict[date, CleanDay] = {}
        self.entries: dict[str, dict[str, Any]] = {}
        if self.store.exists(self.uri):
            content = json.loads(self.store.read_bytes(self.uri))
            if content.get("contract") == self.contract.digest:
                self.entries = content["files"]
        paths = [entry["day"]["path"].removeprefix(f"{CLEAN_ZONE}/") for entry in self.entries.values()]
        self.published = self.store.published(self.store.uri(CLEAN_ZONE), paths)

    @staticmethod
    def _stamp(file: LandedFile) -> list[Any]:
        stat = file.path.stat()
        return [str(file.path), stat.st_size, stat.st_mtime_ns]

    def find(self, file: LandedFile) -> CleanDay | None:
        """The clean day of a file that looks unchanged since it was ingested."""
        entry = self.entries.get(file.date.isoformat())
        if entry is None or entry["stamp"] != self._stamp(file):
            return None
        day = CleanDay.model_validate(entry["day"])
        if day.path.removeprefix(f"{CLEAN_ZONE}/") not in self.published:
            return None
        self.days[file.date] = day
        return day

    def find_inspected(self, file: LandedFile, inspected: InspectedFile) -> CleanDay | None:
        """The clean day of a file with this content."""
        uri = self.store.uri(self.path(file.date, inspected.sha256))
        if not self.store.has_manifest(uri):
            return None
        return self.add(file, self.store.manifest(uri))

    def path(self, day: date, sha256: str) -> str:
        """Where the clean rows of a landed file belong: by its date, its content and the contract they were judged by."""
        return f"{CLEAN_ZONE}/contact_date={day.isoformat()}/{sha256[:16]}-{self.contract.digest[:8]}"

    def add(self, file: LandedFile, manifest: Manifest) -> CleanDay:
        """Enter a published clean directory."""
        source: Any = manifest.details["source"]
        warnings: Any = manifest.details["warnings"]
        day = CleanDay(
            contact_date=file.date,
            source_sha256=source["sha256"],
            path=self.path(file.date, source["sha256"]),
            digest=manifest.content_digest,
            warnings=warnings,
            parts=max(1, sum(is_clean_part(entry.path) for entry in manifest.files)),
            **manifest.rows,
        )
        self.days[file.date] = day
        self.entries[file.date.isoformat()] = {"stamp": self._stamp(file), "day": day.model_dump(mode="json")}
        return day

    def save(self) -> None:
        """Remember for the next run."""
        content = {"contract": self.contract.digest, "files": self.entries}
        self.store.write_bytes(self.uri, json.dumps(content, indent=0, sort_keys=True).encode())


def _ingest(
    new: Sequence[tuple[LandedFile, InspectedFile]], config: IngestionConfig, context: RunContext, ledger: _Ledger
) -> None:
    """Clean the new files in one Spark job and publish one directory for each that is good enough."""
    from bank_marketing.etl.session import spark_session
    from bank_marketing.etl.writing import write_days

    spark = spark_session(f"bank-marketing {COMPONENT} {context.as_of}", context.settings)
    bad: list[tuple[Path, str]] = []
    with context.stage() as stage:
        files = {file.date: file.path for file, _ in new}
        tallies = write_days(spark, files, context.contract.columns, context.contract, stage, _OUT)
        for file, inspected in new:
            day = tallies[file.date]
            reconcile(inspected, day)
            if day["rejected"] > max(config.tolerated_rejects, config.max_reject_share * inspected.rows):
                bad.append((file.path, _too_many(inspected, day, config)))
                continue
            ledger.add(file, _publish_day(stage, file, inspected, day, ledger, context))
    if bad:
        ledger.save()
        more = f" {len(bad) - 1} more files have the same trouble." if len(bad) > 1 else ""
        path, sentence = bad[0]
        raise ContractViolation(sentence + more, rule="max_reject_share", location=str(path))


def _publish_day(
    stage: Stage, file: LandedFile, inspected: InspectedFile, day: dict[str, Any], ledger: _Ledger, context: RunContext
) -> Manifest:
    return stage.publish(
        context.store.uri(ledger.path(file.date, inspected.sha256)),
        "clean_contacts",
        folder=f"{_OUT}/{file.date}",
        as_of=file.date,
        dag_id=context.dag_id,
        run_id=context.run_id,
        schema_digest=context.contract.digest,
        rows={
            "rows_read": inspected.rows,
            "clean": day["clean"],
            "rejected": day["rejected"],
            "duplicates": day["duplicate"] + day["superseded"],
        },
        details={
            "source": {"sha256": inspected.sha256, "size": inspected.size, "file": file.relative},
            "breaches": day["breaches"],
            "warnings": day["warnings"],
        },
    )


def reconcile(inspected: InspectedFile, day: Mapping[str, Any]) -> None:
    """Compare what became of a file's rows with their number. Raises ReconciliationError when rows were lost or made up."""
    parts = {name: day.get(name, 0) for name in ("clean", "rejected", "duplicate", "superseded")}
    if sum(parts.values()) != inspected.rows:
        raise ReconciliationError(
            f"{inspected.path.name} of {inspected.date}: {inspected.rows} rows read, but "
            f"{' + '.join(f'{count} {name}' for name, count in parts.items())} = {sum(parts.values())}. Nothing of it was published."
        )


def _too_many(inspected: InspectedFile, day: dict[str, Any], config: IngestionConfig) -> str:
    reasons = "; ".join(
        f"{entry['rows']} x {rule} (rows {', '.join(map(str, entry['examples']))}: {entry['detail']})"
        for rule, entry in sorted(day["breaches"].items(), key=lambda item: (-item[1]["rows"], item[0]))[:4]
    )
    return (
        f"{inspected.path.name} of {inspected.date}: {day['rejected']} of {inspected.rows} rows break the contract, more than "
        f"{config.max_reject_share:.0%}: {reasons}. Nothing of this file was ingested; land a corrected file and re-run."
    )


def _superseded(days: Sequence[CleanDay], context: RunContext) -> list[Superseded]:
    """Contacts that landed on two days, remembered for each set of clean days."""
    found = _remembered(days, context)
    if found is not None:
        return found
    found = _superseded_before(days, context)
    if found is None:
        found = _find_superseded(days, context)
    content = json.dumps([entry.model_dump(mode="json") for entry in found])
    context.store.write_bytes(_superseded_uri(days, context), content.encode())
    return found


def _superseded_before(days: Sequence[CleanDay], context: RunContext) -> list[Superseded] | None:
    """What is remembered of the days before the newest ones, where these bring no contact that has landed before; None else."""
    from bank_marketing.etl.known_contacts import any_landed_before

    for number in range(1, min(MOST_NEW, len(days) - 1) + 1):
        earlier, new = days[:-number], days[-number:]
        known = _remembered(earlier, context)
        if known is not None:
            ids = context.store.uri(CLEAN_ZONE, "ids")
            return None if any_landed_before(new, earlier, context.store, ids) else known
    return None


def _remembered(days: Sequence[CleanDay], context: RunContext) -> list[Superseded] | None:
    uri = _superseded_uri(days, context)
    if not context.store.exists(uri):
        return None
    return [Superseded.model_validate(entry) for entry in json.loads(context.store.read_bytes(uri))]


def _superseded_uri(days: Sequence[CleanDay], context: RunContext) -> str:
    key = digest_of([(day.contact_date.isoformat(), day.digest) for day in days])
    return context.store.uri(CLEAN_ZONE, "superseded", f"{key[:32]}.json")


def _find_superseded(days: Sequence[CleanDay], context: RunContext) -> list[Superseded]:
    """Compare all days with each other, a Spark job over all of history."""
    from bank_marketing.etl.session import spark_session
    from bank_marketing.etl.snapshot import find_superseded, read_days

    spark: SparkSession = spark_session(f"bank-marketing {COMPONENT} {context.as_of}", context.settings)
    rows: DataFrame = read_days(spark, days, context.store, context.contract)
    found = find_superseded(rows, context.contract)
    for entry in found:
        log.warning("contact %s landed on %s and %s: the later row stands", entry.contact_id, entry.dropped, entry.kept)
    return found
