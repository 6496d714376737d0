"""Second step of a scoring run: the call list of the coming day against the contract. Bad rows are quarantined with their reason."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import Field

from bank_marketing.artifacts import ArtifactRef, Stage
from bank_marketing.components.context import Entity, RunContext
from bank_marketing.errors import ContractViolation, ReconciliationError
from bank_marketing.landing.inbox import INBOX, uploaded
from bank_marketing.landing.inspection import InspectedFile, inspect
from bank_marketing.landing.zone import LandedFile, LandingZone
from bank_marketing.lists import CustomerList, Filled, read_list
from bank_marketing.scoring import uploads
from bank_marketing.scoring.market import latest_market
from bank_marketing.scoring.state import CampaignState, campaign_state_for

COMPONENT = "validate_prospects"
KIND = "prospects"
CLEAN, REJECTED = "prospects", "rejected"

#: Folders of the stage: the one that is published, and one with a folder for the day.
LIST, _DAYS = "list", "days"

log = logging.getLogger(__name__)


class ProspectsConfig(Entity):
    """Which list, and when it is too bad to be used."""

    file: str = Field(default="", description="a list in the inbox of the landing zone; empty: that of the next contact day")
    day: date | None = Field(default=None, description="day of the calls of an uploaded list; empty: the next working day")
    list_size: int | None = Field(default=None, ge=1, description="clients on the whole list; empty: those of this one")
    max_reject_share: float = Field(
        default=0.5, ge=0, le=1, description="more rejects than that in a landed list: the export broke"
    )


class ProspectsInputs(Entity):
    """Nothing: the landing zone of the settings and the published features."""


class ProspectsArtifact(Entity):
    """A checked list: `prospects/*.parquet`, `rejected/*.parquet` where rows were left out, and the counts that it is scored with."""

    ref: ArtifactRef
    day: date
    rows: dict[str, int]
    state: CampaignState
    source: dict[str, Any]
    breaches: dict[str, Any]
    list_size: int
    understood: tuple[str, ...]


def run(config: ProspectsConfig, inputs: ProspectsInputs, context: RunContext) -> ProspectsArtifact:
    """Check the list of the next contact day after `as_of`.

    Raises:
        LandedFileMissing, LandedFileIncomplete: there is no list yet, or it is still being written.
        ContractViolation: the list is empty, of another shape, or most of its rows break the contract.
        ConfigError: the file lies outside the inbox, or its day is not after `as_of`.
        NotEnoughHistory: no features reach the evening before the calls.
    """
    zone = LandingZone(context.settings.landing)
    file = (
        uploaded(config.file, zone.root, context.as_of, context.campaign.calendar, config.day)
        if config.file
        else zone.next_prospects(context.as_of)
    )
    state = state_for(file.date, context)
    with context.stage() as stage:
        checked = _uploaded(file, state, stage, context) if config.file else _landed(file, config, stage, context)
        size = config.list_size or checked.stated_size or checked.counts["rows_read"] - checked.counts["duplicates"]
        manifest = context.publish(
            stage,
            COMPONENT,
            KIND,
            folder=LIST,
            parents=[state.features],
            rows=checked.counts,
            parameters={"max_reject_share": config.max_reject_share},
            details={
                "day": file.date.isoformat(),
                "list_size": size,
                "understood": list(checked.notes),
                "source": {
                    "sha256": checked.sha256,
                    "file": f"{INBOX}/{file.path.name}" if config.file else file.relative,
                    "uploaded": bool(config.file),
                    "synthetic": zone.source().kind == "synthetic",
                },
                "state": state.model_dump(mode="json", exclude={"features_uri"}),
                "breaches": checked.breaches,
            },
            notes={"features_uri": state.features_uri},
        )
    log.info("list of %s: %s", file.date, ", ".join(f"{count} {name}" for name, count in checked.counts.items()))
    return load(manifest.ref, context)


@dataclass(frozen=True)
class _Checked:
    """A list whose rows lie in the stage, clean ones and others."""

    sha256: str
    counts: dict[str, int]
    breaches: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    stated_size: int | None = None


def _landed(file: LandedFile, config: ProspectsConfig, stage: Stage, context: RunContext) -> _Checked:
    """Judge the list that the source system landed, of any length, with Spark."""
    from bank_marketing.etl.session import spark_session
    from bank_marketing.etl.writing import write_days

    inspected = inspect(file, context.contract, settle_seconds=context.settings.landing_settle_seconds)
    columns = context.contract.prospect_columns
    spark = spark_session(f"bank-marketing {COMPONENT} {context.as_of}", context.settings)
    found = write_days(spark, {file.date: file.path}, columns, context.contract, stage, _DAYS)[file.date]
    counts = _reconciled(inspected, found)
    _check_rejects(inspected, counts, found["breaches"], config)
    listed, day = stage.path / LIST, stage.path / _DAYS / file.date.isoformat()
    listed.mkdir()
    if (day / REJECTED).exists():
        (day / REJECTED).rename(listed / REJECTED)
    day.rename(listed / CLEAN)
    return _Checked(inspected.sha256, counts, found["breaches"])


def _uploaded(file: LandedFile, state: CampaignState, stage: Stage, context: RunContext) -> _Checked:
    """Judge a list that somebody brought, by the reader of all doors. Its further columns are not kept."""
    customers = read_customers(file.path, file.date, state, context)
    uploads.write(customers, file.date, stage.path / LIST / CLEAN, stage.path / LIST / REJECTED, context.contract)
    with file.path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return _Checked(digest, customers.counts, customers.rules, customers.notes, customers.stated_size)


def state_for(day: date, context: RunContext) -> CampaignState:
    """The campaign's counts that the list of a day is scored with. Raises NotEnoughHistory."""
    known = LandingZone(context.settings.landing).contact_days(until=context.as_of)
    last = known[-1].date if known else context.as_of
    return campaign_state_for(context.store, day, last, context.campaign.features)


def read_customers(path: Path, day: date, state: CampaignState, context: RunContext) -> CustomerList:
    """Read a list of the calls of `day`. Raises ContractViolation."""
    contract = context.contract
    market = latest_market(context.store, state, contract)
    with path.open("rb") as stream:
        return read_list(stream, path.name, contract, Filled(contract.derived_values(day), market, state.last_contact_day))


def load(ref: ArtifactRef, context: RunContext) -> ProspectsArtifact:
    """The artifact behind a reference."""
    manifest = context.store.manifest(ref)
    details: dict[str, Any] = manifest.details
    state = CampaignState(**details["state"], features_uri=str(manifest.notes["features_uri"]))
    told = {name: details[name] for name in ("day", "source", "breaches", "list_size", "understood")}
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
        location=str(inspected.path),
    )
