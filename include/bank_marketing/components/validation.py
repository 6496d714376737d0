"""Validation: the clean rows of a snapshot against the contract (Great Expectations), and recent rows against the model's reference.

Each month is validated once: its result is remembered by the digests of its clean directories, so the cost grows with what is new.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pydantic import Field

from bank_marketing.artifacts import ArtifactRef, Stage
from bank_marketing.artifacts.manifest import digest_of
from bank_marketing.components import ingestion
from bank_marketing.components.context import Entity, RunContext
from bank_marketing.errors import ContractViolation, RegistryUnavailable
from bank_marketing.etl.snapshot import CLEAN_FILE, CleanDay, Snapshot
from bank_marketing.registry.registry import PRODUCTION, Registry

if TYPE_CHECKING:
    import pandas as pd

COMPONENT = "validate_data"
KIND = "validation"
DATA_DOCS = "data_docs"
CACHE = "validation"

log = logging.getLogger(__name__)


class ValidationConfig(Entity):
    """What counts as recent, and how much is shown."""

    recent_days: int = Field(default=20, gt=0, description="a month of calls")
    recent_rows: int = Field(default=200, gt=0, description="more days are taken until there are that many rows")
    documented_failures: int = Field(default=3, gt=0, description="failing months that get Data Docs beside the newest month")


class ValidationInputs(Entity):
    """The snapshot to validate."""

    snapshot: ArtifactRef


class ValidationArtifact(Entity):
    """What was found: `result.json`, `drift.json`, `data_docs/index.html`."""

    ref: ArtifactRef
    passed: bool
    warnings: tuple[str, ...]
    data_docs_uri: str


def run(config: ValidationConfig, inputs: ValidationInputs, context: RunContext) -> ValidationArtifact:
    """Validate a snapshot and publish what was found, then stop the pipeline if a critical rule is broken.

    Raises:
        ContractViolation: a critical rule is broken; the artifact with its Data Docs is there to look at.
    """
    snapshot = ingestion.load(inputs.snapshot, context).snapshot
    months = [(month, list(days)) for month, days in groupby(snapshot.days, key=lambda day: f"{day.contact_date:%Y-%m}")]
    with context.stage() as stage:
        findings = _validate_months(months, stage, config, context)
        result = _result(findings, snapshot, len(months), context)
        drift = _drift(snapshot, config, context)
        for name, content in (("result.json", result), ("drift.json", drift)):
            (stage.path / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        drifted = [entry["column"] for entry in drift["columns"] if entry["drifted"] and entry["weight"] != "none"]
        manifest = context.publish(
            stage,
            COMPONENT,
            KIND,
            parents=[inputs.snapshot],
            rows={"rows": snapshot.rows["clean"]},
            parameters=config.model_dump(mode="json"),
            details={name: result[name] for name in ("passed", "rules_checked", "chunks")},
            # What has drifted depends on the model in production, not on these data alone.
            notes={"drifted": drifted, "drift_reference": drift["reference"]},
            volatile=lambda path: path != "result.json",
        )
    log.info(
        "%d rules on %d months: %d critical failures, %d warnings; drifted: %s",
        result["rules_checked"],
        len(months),
        len(result["failures"]),
        len(result["warnings"]),
        ", ".join(drifted) or "nothing",
    )
    artifact = load(manifest.ref, context)
    if result["failures"]:
        raise _violation(result["failures"], artifact)
    return artifact


def load(ref: ArtifactRef, context: RunContext) -> ValidationArtifact:
    """The artifact behind a reference."""
    context.store.manifest(ref)
    result = json.loads(context.store.read_bytes(f"{ref.uri}/result.json"))
    return ValidationArtifact(
        ref=ref,
        passed=result["passed"],
        warnings=tuple(f"{entry['rule']} in {entry['chunk']}" for entry in result["warnings"]),
        data_docs_uri=f"{ref.uri}/{DATA_DOCS}/index.html",
    )


def read_clean(days: Sequence[CleanDay], context: RunContext) -> pd.DataFrame:
    """Clean rows of some days, in file order."""
    import pandas as pd
    import pyarrow.parquet as pq

    tables = []
    for day in days:
        if day.clean:
            with context.store.local_copy(context.store.uri(day.path, CLEAN_FILE)) as path:
                tables.append(pq.ParquetFile(path).read().to_pandas())
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _validate_months(
    months: list[tuple[str, list[CleanDay]]], stage: Stage, config: ValidationConfig, context: RunContext
) -> list[dict[str, Any]]:
    """Failed expectations of all months. Months with a remembered result are not read; the newest is, for its Data Docs."""
    from bank_marketing.contract.expectations import Suite

    suite = Suite(context.contract, stage.path / DATA_DOCS)
    findings: list[dict[str, Any]] = []
    documented = 0
    for month, days in months:
        key = digest_of([context.contract.digest, [day.digest for day in days]])
        uri = context.store.uri(CACHE, f"{month}-{key[:32]}.json")
        known = json.loads(context.store.read_bytes(uri)) if context.store.exists(uri) else None
        newest = month == months[-1][0]
        failing = bool(known) and documented < config.documented_failures
        if known is None or newest or failing:
            rows = read_clean(days, context)
            known = suite.run(month, rows, docs=newest or failing)
            context.store.write_bytes(uri, json.dumps(known).encode())
            if known and not (newest or failing) and documented < config.documented_failures:
                suite.run(month, rows, docs=True)
        documented += bool(known)
        findings += [{**entry, "chunk": month} for entry in known]
    return findings


def _result(findings: list[dict[str, Any]], snapshot: Snapshot, chunks: int, context: RunContext) -> dict[str, Any]:
    from bank_marketing.contract.expectations import expectations

    warned: dict[str, int] = {}
    for day in snapshot.days:
        for rule, rows in day.warnings.items():
            warned[rule] = warned.get(rule, 0) + rows
    failures = [entry for entry in findings if entry["severity"] == "critical"]
    return {
        "passed": not failures,
        "rules_checked": len(expectations(context.contract)),
        "chunks": chunks,
        "failures": failures,
        "warnings": [entry for entry in findings if entry["severity"] != "critical"],
        "ingestion_warnings": dict(sorted(warned.items())),
    }


def _drift(snapshot: Snapshot, config: ValidationConfig, context: RunContext) -> dict[str, Any]:
    """Recent rows against the production model's training reference, or against the rows before them when there is none."""
    from bank_marketing.etl.drift import MIN_ROWS, column_drift

    taken, rows = 0, 0
    for day in reversed(snapshot.days):
        if taken >= config.recent_days and rows >= config.recent_rows:
            break
        taken, rows = taken + 1, rows + day.clean
    older, recent = snapshot.days[:-taken], snapshot.days[-taken:]
    registry = Registry(context.settings, context.store)
    try:
        version = registry.at(PRODUCTION)
        reference = registry.reference(version) if version else None
        name = f"training rows of version {version.version}, in production" if version else ""
    except RegistryUnavailable as error:
        # Validation must not fail because the registry is down: the steps that need it will say so.
        log.warning("drift: no reference from the registry: %s", error)
        reference, name = None, ""
    if reference is None:
        reference = read_clean(older, context)
        name = "the contacts before the recent ones (no model in production yet)"
    found = {"reference": name, "reference_rows": len(reference), "recent_rows": rows, "recent_days": taken, "columns": []}
    if min(rows, len(reference)) >= MIN_ROWS:
        found["columns"] = [entry.to_json() for entry in column_drift(reference, read_clean(recent, context), context.contract)]
    return found


def _violation(failures: list[dict[str, Any]], artifact: ValidationArtifact) -> ContractViolation:
    first = failures[0]
    told = "; ".join(
        f"{entry['rule']} in {entry['chunk']}: {entry['unexpected']} rows, observed {entry['observed']}, allowed {entry['allowed']}"
        + (f" (contacts {', '.join(entry['examples'])})" if entry["examples"] else "")
        for entry in failures[:3]
    )
    more = f"; {len(failures) - 3} more rules" if len(failures) > 3 else ""
    return ContractViolation(
        f"{len(failures)} critical rules of the data contract are broken: {told}{more}. Nothing was trained. "
        f"All rules: {artifact.data_docs_uri}",
        rule=first["rule"],
        location=f"{first['column'] or 'contacts'} of {first['chunk']}",
    )
