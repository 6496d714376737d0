"""Second step of a scoring run: the call list of the coming day against the contract. Bad rows are quarantined with their reason."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import Field

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.components.context import Entity, RunContext
from bank_marketing.errors import ContractViolation, ReconciliationError
from bank_marketing.landing.inbox import INBOX, uploaded
from bank_marketing.landing.inspection import InspectedFile, inspect
from bank_marketing.landing.zone import LandingZone
from bank_marketing.scoring.state import CampaignState, campaign_state_for

COMPONENT = "validate_prospects"
KIND = "prospects"
CLEAN, REJECTED = "prospects", "rejected"

log = logging.getLogger(__name__)


class ProspectsConfig(Entity):
    """Which list, and when it is too bad to be used."""

    file: str = Field(default="", description="a list in the inbox of the landing zone; empty: that of the next contact day")
    day: date | None = Field(default=None, description="day of the calls of an uploaded list; empty: the next weekday")
    max_reject_share: float = Field(default=0.5, ge=0, le=1, description="more rejects than that: the export broke")


class ProspectsInputs(Entity):
    """Nothing: the landing zone of the settings and the published features."""


class ProspectsArtifact(Entity):
    """A checked list: `prospects/*.parquet`, `rejected/*.parquet`, and the campaign's counts that it is scored with."""

    ref: ArtifactRef
    day: date
    rows: dict[str, int]
    state: CampaignState
    source: dict[str, Any]
    breaches: dict[str, Any]


def run(config: ProspectsConfig, inputs: ProspectsInputs, context: RunContext) -> ProspectsArtifact:
    """Check the list of the next contact day after `as_of`.

    Raises:
        LandedFileMissing, LandedFileIncomplete: there is no list yet, or it is still being written.
        ContractViolation: the list is empty, of another shape, or most of its rows break the contract.
        ConfigError: the file lies outside the inbox, or its day is not after `as_of`.
        NotEnoughHistory: no features reach the evening before the calls.
    """
    from pyspark.sql import functions as f

    from bank_marketing.etl.cleaning import clean_rows
    from bank_marketing.etl.reading import read_landed
    from bank_marketing.etl.session import spark_session
    from bank_marketing.etl.writing import tally

    zone = LandingZone(context.settings.landing)
    file = uploaded(config.file, zone.root, context.as_of, config.day) if config.file else zone.next_prospects(context.as_of)
    inspected = inspect(file, context.contract, settle_seconds=context.settings.landing_settle_seconds)
    known = zone.contact_days(until=context.as_of)
    last = known[-1].date if known else context.as_of
    state = campaign_state_for(context.store, file.date, last, context.campaign.features)
    columns = context.contract.prospect_columns
    spark = spark_session(f"bank-marketing {COMPONENT} {context.as_of}", context.settings)
    raw = read_landed(spark, [file.path], columns, context.contract).withColumn("contact_date", f.lit(file.date))
    rows = clean_rows(raw, columns, context.contract).persist()
    try:
        found = tally(rows).get(file.date, {})
        counts = _reconciled(inspected, found)
        _check_rejects(inspected, counts, found["breaches"], config)
        with context.stage() as stage:
            clean = rows.where(f.col("status") == "clean").drop("source_row", "status", "breaches", "warnings", "raw")
            clean.write.parquet(f"{stage.uri}/{CLEAN}")
            stage.number_parts(CLEAN)
            kept = rows.where(f.col("status") != "clean").orderBy("source_row")
            kept.select("source_row", "contact_id", "status", "breaches", "raw").write.parquet(f"{stage.uri}/{REJECTED}")
            stage.number_parts(REJECTED)
            manifest = context.publish(
                stage,
                COMPONENT,
                KIND,
                parents=[state.features],
                rows=counts,
                parameters={"max_reject_share": config.max_reject_share},
                details={
                    "day": file.date.isoformat(),
                    "source": {
                        "sha256": inspected.sha256,
                        "file": f"{INBOX}/{file.path.name}" if config.file else file.relative,
                        "uploaded": bool(config.file),
                        "synthetic": zone.source().kind == "synthetic",
                    },
                    "state": state.model_dump(mode="json", exclude={"features_uri"}),
                    "breaches": found["breaches"],
                },
                notes={"features_uri": state.features_uri},
            )
    finally:
        rows.unpersist()
    log.info("list of %s: %s", file.date, ", ".join(f"{count} {name}" for name, count in counts.items()))
    return load(manifest.ref, context)


def load(ref: ArtifactRef, context: RunContext) -> ProspectsArtifact:
    """The artifact behind a reference."""
    manifest = context.store.manifest(ref)
    details: dict[str, Any] = manifest.details
    state = CampaignState(**details["state"], features_uri=str(manifest.notes["features_uri"]))
    told = {name: details[name] for name in ("day", "source", "breaches")}
    return ProspectsArtifact(ref=ref, rows=manifest.rows, state=state, **told)


def _reconciled(inspected: InspectedFile, found: Mapping[str, Any]) -> dict[str, int]:
    parts = {name: int(found.get(name, 0)) for name in ("clean", "rejected", "duplicate", "superseded")}
    if sum(parts.values()) != inspected.rows:
        raise ReconciliationError(
            f"{inspected.path.name} of {inspected.date}: {inspected.rows} rows read, but "
            f"{' + '.join(f'{count} {name}' for name, count in parts.items())}. Nothing was scored."
        )
    duplicates = parts["duplicate"] + parts["superseded"]
    return {"rows_read": inspected.rows, "clean": parts["clean"], "rejected": parts["rejected"], "duplicates": duplicates}


def _check_rejects(
    inspected: InspectedFile, counts: Mapping[str, int], breaches: Mapping[str, Any], config: ProspectsConfig
) -> None:
    if counts["clean"] and counts["rejected"] <= config.max_reject_share * counts["rows_read"]:
        return
    worst = sorted(breaches.items(), key=lambda item: (-item[1]["rows"], item[0]))[:3]
    told = "; ".join(
        f"{entry['rows']} x {rule} (for example row {entry['examples'][0]}: {entry['detail']})" for rule, entry in worst
    )
    raise ContractViolation(
        f"{inspected.path.name} of {inspected.date}: {counts['rejected']} of {counts['rows_read']} rows break the contract, more than "
        f"{config.max_reject_share:.0%}: {told}. Nobody was scored; land a corrected list and re-run.",
        rule=worst[0][0] if worst else "no_rows",
        location=f"{inspected.path.name} of {inspected.date}",
    )
