"""Validation: the clean rows of a snapshot against the contract (Great Expectations), and recent rows against the model's reference.

Each month is validated once: its findings are remembered by the digests of its clean directories, so the cost grows with what is
new. The newest month is always validated again, for its Data Docs.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from bank_marketing.artifacts import ArtifactRef, Stage
from bank_marketing.artifacts.manifest import digest_of
from bank_marketing.components import ingest_data
from bank_marketing.components.context import Entity, RunContext
from bank_marketing.contract.findings import Finding, empty_days, sentence
from bank_marketing.errors import ArtifactCorrupt, ContractViolation, ModelIncompatible, RegistryUnavailable
from bank_marketing.etl.snapshot import CleanDay, Snapshot
from bank_marketing.registry.registry import PRODUCTION, Registry
from bank_marketing.rules.calendar import Calendar
from bank_marketing.rules.freshness import NO_LONGER_A_PAUSE, USUAL_SILENCE, silent_days

if TYPE_CHECKING:
    import pandas as pd

    from bank_marketing.contract.suite import Suite

COMPONENT = "validate_data"
KIND = "validation"
RESULT, DRIFT, DATA_DOCS = "result.json", "drift.json", "data_docs"

#: Name of the rule that a feed goes on: one of validation's own, as it is about days that are not there.
FRESHNESS = "feed_is_fresh"

#: Findings of validated months, below the store's root.
REMEMBERED = "validation"

log = logging.getLogger(__name__)


class ValidationConfig(Entity):
    """What counts as recent and as drift, and how much is shown."""

    recent_days: int = Field(default=20, gt=0, description="contact days that are compared: a month of calls")
    drift_rows: int = Field(
        default=200,
        gt=0,
        description="days are added to the recent ones until they have as many rows; a smaller reference is not used",
    )
    ks_threshold: float = Field(
        default=0.2,
        gt=0,
        lt=1,
        description="KS distance of a number: half a standard deviation's shift; by chance 200 rows reach .1 once in twenty windows",
    )
    psi_threshold: float = Field(
        default=0.25,
        gt=0,
        description="PSI of a category: a major shift (Siddiqi 2006, Credit Risk Scorecards); chance gives .06",
    )
    calendar: Calendar = Field(default=Calendar(), description="on which days the campaign calls")
    silent_days_warning: int = Field(
        default=USUAL_SILENCE, ge=0, description="more working days without contacts are a warning: a feed may have stopped"
    )
    silent_days_critical: int = Field(
        default=NO_LONGER_A_PAUSE, ge=0, description="more of them stop the run: what is trained would know nothing new"
    )
    documented_failures: int = Field(default=3, ge=0, description="broken months that get Data Docs beside the newest month")


class ValidationInputs(Entity):
    """The snapshot to validate."""

    snapshot: ArtifactRef


class ValidationArtifact(Entity):
    """What was found: `result.json`, `drift.json`, `data_docs/index.html`."""

    ref: ArtifactRef
    passed: bool
    warnings: list[str]
    data_docs_uri: str


def run(config: ValidationConfig, inputs: ValidationInputs, context: RunContext) -> ValidationArtifact:
    """Validate a snapshot and publish what was found, then stop the pipeline if a critical rule is broken.

    Raises:
        ContractViolation: a critical rule is broken; the artifact with its Data Docs is there to look at.
    """
    from bank_marketing.contract.suite import Suite

    snapshot = ingest_data.load(inputs.snapshot, context).snapshot
    with context.stage() as stage:
        suite = Suite(context.contract, stage.path / DATA_DOCS)
        months = _months(snapshot, suite, context)
        findings = [*_findings(months, snapshot, suite, config, context), *_freshness(snapshot, config, context)]
        result = _result(findings, months, snapshot, suite)
        drift = _drift(snapshot, config, context)
        _write(stage, RESULT, result)
        _write(stage, DRIFT, drift)
        manifest = context.publish(
            stage,
            COMPONENT,
            KIND,
            parents=[inputs.snapshot],
            rows={"rows": snapshot.rows["clean"] - len(snapshot.superseded)},
            parameters=config.model_dump(mode="json"),
            details={name: result[name] for name in ("passed", "rules_checked", "chunks")},
            # What has drifted depends on the model in production, not on these data alone.
            notes={"drifted": _drifted(drift), "drift_reference": drift["reference"]},
            volatile=lambda path: path != RESULT,
        )
    artifact = load(manifest.ref, context)
    log.info("%d rules on %d months: %s", suite.size, len(months), "passed" if artifact.passed else "NOT passed")
    for warning in artifact.warnings:
        log.warning("%s", warning)
    if result["failures"]:
        raise _violation(result["failures"], artifact, context.settings.landing)
    return artifact


def load(ref: ArtifactRef, context: RunContext) -> ValidationArtifact:
    """The artifact behind a reference."""
    context.store.manifest(ref)
    result = json.loads(context.store.read_bytes(f"{ref.uri}/{RESULT}"))
    drift = json.loads(context.store.read_bytes(f"{ref.uri}/{DRIFT}"))
    told = [sentence(entry) for entry in result["warnings"]]
    drifted = [
        f"{entry['column']} has drifted: {entry['method'].upper()} {entry['statistic']:.2f}, more than {entry['threshold']:g}"
        for entry in drift["columns"]
        if entry["column"] in _drifted(drift)
    ]
    return ValidationArtifact(
        ref=ref, passed=result["passed"], warnings=told + drifted, data_docs_uri=f"{ref.uri}/{DATA_DOCS}/index.html"
    )


@dataclass(frozen=True)
class _Month:
    """The unit of validation: small enough that a new day costs little, large enough for shares to mean something."""

    name: str
    days: tuple[CleanDay, ...]
    uri: str


def _months(snapshot: Snapshot, suite: Suite, context: RunContext) -> list[_Month]:
    months = []
    for name, group in groupby(snapshot.days, key=lambda day: f"{day.contact_date:%Y-%m}"):
        days = tuple(group)
        dates = {day.contact_date for day in days}
        superseded = sorted((entry.contact_id, entry.dropped) for entry in snapshot.superseded if entry.dropped in dates)
        key = digest_of([context.contract.digest, suite.digest, [day.digest for day in days], superseded])
        months.append(_Month(name, days, context.store.uri(REMEMBERED, f"{key[:32]}.json")))
    return months


def _findings(
    months: list[_Month], snapshot: Snapshot, suite: Suite, config: ValidationConfig, context: RunContext
) -> list[Finding]:
    """What is broken in all months, oldest first. Read are the months without remembered findings, and those that get Data Docs."""
    from bank_marketing.etl.clean_zone import read_clean_table

    def validate(month: _Month, *, docs: bool) -> list[Finding]:
        rows = read_clean_table(month.days, snapshot, context.store, context.contract)
        found = suite.run(month.name, rows.to_pandas(), docs=True) if docs else suite.check(month.name, rows)
        found += empty_days(context.contract, month.name, [str(day.contact_date) for day in month.days if not day.clean])
        context.store.write_bytes(month.uri, json.dumps(found, indent=1).encode())
        return found

    *older, newest = months
    found = {newest.name: validate(newest, docs=True)}
    documented = 0
    for month in reversed(older):
        known = _remembered(month, context)
        findings = validate(month, docs=False) if known is None else known
        if findings and documented < config.documented_failures:
            documented += 1
            findings = validate(month, docs=True)
        found[month.name] = findings
    return [finding for month in months for finding in found[month.name]]


def _freshness(snapshot: Snapshot, config: ValidationConfig, context: RunContext) -> list[Finding]:
    """The finding that a feed is silent: nothing is broken in what is there, but what should have come has not."""
    last = snapshot.days[-1].contact_date
    silent = silent_days(last, context.as_of, config.calendar)
    if silent <= config.silent_days_warning:
        return []
    severity = "critical" if silent > config.silent_days_critical else "warning"
    return [
        Finding(
            rule=FRESHNESS,
            severity=severity,
            column="contact_date",
            chunk=f"{context.as_of:%Y-%m}",
            rows=0,
            unexpected=0,
            observed=f"{silent} working days without contacts since {last}",
            allowed=f"up to {config.silent_days_warning}; more than {config.silent_days_critical} stop a run",
            days=[],
            examples=[],
        )
    ]


def _remembered(month: _Month, context: RunContext) -> list[Finding] | None:
    if not context.store.exists(month.uri):
        return None
    known: list[Finding] = json.loads(context.store.read_bytes(month.uri))
    return known


def _result(findings: list[Finding], months: list[_Month], snapshot: Snapshot, suite: Suite) -> dict[str, Any]:
    warned: dict[str, int] = {}
    for day in snapshot.days:
        for rule, rows in day.warnings.items():
            warned[rule] = warned.get(rule, 0) + rows
    failures = [entry for entry in findings if entry["severity"] == "critical"]
    return {
        "passed": not failures,
        "rules_checked": suite.size,
        "chunks": len(months),
        "failures": failures,
        "warnings": [entry for entry in findings if entry["severity"] != "critical"],
        "ingestion_warnings": dict(sorted(warned.items())),
    }


def _write(stage: Stage, name: str, content: dict[str, Any]) -> None:
    (stage.path / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _drift(snapshot: Snapshot, config: ValidationConfig, context: RunContext) -> dict[str, Any]:
    """Recent rows against the production model's training reference, or against the rows before them when there is none."""
    from bank_marketing.etl.clean_zone import read_clean_table
    from bank_marketing.etl.drift import column_drift, compared, recent_window

    def read(days: tuple[CleanDay, ...]) -> pd.DataFrame:
        """What is compared of some days; categories as numbers, as all of history may be looked at."""
        names = [column.name for column in compared(context.contract)]
        rows = read_clean_table(days, snapshot, context.store, context.contract, names).select(names)
        table: pd.DataFrame = rows.to_pandas(strings_to_categorical=True)
        return table

    older, newest = recent_window(snapshot.days, min_days=config.recent_days, min_rows=config.drift_rows)
    name, reference = _reference(context)
    if reference is None:
        reference = read(older)
    recent = read(newest)
    found: dict[str, Any] = {
        "reference": name,
        "reference_rows": len(reference),
        "recent_rows": len(recent),
        "recent_days": len(newest),
        "recent_from": newest[0].contact_date.isoformat(),
        "recent_to": newest[-1].contact_date.isoformat(),
        "columns": [],
    }
    if min(len(recent), len(reference)) < config.drift_rows:
        found["reference"] += f"; not compared: fewer than {config.drift_rows} rows"
        return found
    thresholds = config.model_dump(include={"ks_threshold", "psi_threshold"})
    found["columns"] = [entry.to_json() for entry in column_drift(reference, recent, context.contract, **thresholds)]
    return found


def _reference(context: RunContext) -> tuple[str, pd.DataFrame | None]:
    """What recent rows are compared with, in words, and the rows where the registry has them."""
    registry = Registry(context.settings, context.store)
    try:
        version = registry.at(PRODUCTION)
        if version is not None:
            return f"training rows of version {version.version}, in production", registry.reference(version)
    except RegistryUnavailable as error:
        # Drift only warns, so an absent registry must not stop the run here: the steps that need it will say so themselves.
        log.warning("drift: %s", error)
        return "the contacts before the recent ones (the registry does not answer)", None
    except (ModelIncompatible, ArtifactCorrupt) as error:
        # Nor may a version that cannot be trusted: training a new one is what helps.
        log.warning("drift: %s", error)
        return "the contacts before the recent ones (the version in production cannot be compared with)", None
    return "the contacts before the recent ones (no model in production yet)", None


def _drifted(drift: dict[str, Any]) -> list[str]:
    return [entry["column"] for entry in drift["columns"] if entry["drifted"] and entry["weight"] != "none"]


def _violation(failures: list[Finding], artifact: ValidationArtifact, landing: Path) -> ContractViolation:
    first, more = failures[0], len(failures) - 3
    told = ". ".join(sentence(entry) for entry in failures[:3])
    return ContractViolation(
        f"{len(failures)} critical rule(s) of the data contract are broken. {told}. "
        + (f"{more} more in the report. " if more > 0 else "")
        + f"Nothing was trained on these data. Data Docs: {artifact.data_docs_uri}",
        rule=first["rule"],
        location=f"{landing}/contacts/dt={first['chunk']}-*" + (f", column {first['column']}" if first["column"] else ""),
    )
