"""The window: the contacts of the last days with their outcomes, and the predictions that were made for them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import TypeVar

import pandas as pd
from pydantic import Field

from bank_marketing.artifacts import ArtifactRef, ArtifactStore
from bank_marketing.campaign.features import GAP
from bank_marketing.components import train_model, transform_data
from bank_marketing.components.context import Entity, RunContext
from bank_marketing.monitoring.config import MonitoringConfig
from bank_marketing.registry.registry import PRODUCTION, Registry
from bank_marketing.scoring.predictions import FOLDER as PREDICTIONS
from bank_marketing.scoring.predictions import PredictionRecord
from bank_marketing.scoring.state import latest_campaign_state

COMPONENT = "collect_window"
KIND = "window"
ROWS = "window.parquet"

#: A contact day: a date, or its ISO text.
Day = TypeVar("Day", date, str)

#: How long before a call the service may have been asked about the client: what was predicted earlier led to no call.
AHEAD = timedelta(days=62)


class WindowArtifact(Entity):
    """A window: `window.parquet`, features and outcomes with `version`, `probability`, `called` of the prediction (empty: none)."""

    ref: ArtifactRef
    first_day: date
    last_day: date
    since: date = Field(description="first of the last contact days whose windows a decision looks at")
    rows: int
    predicted: int
    model_version: int | None


def run(config: MonitoringConfig, context: RunContext) -> WindowArtifact:
    """Collect the window of the context's evening, and pin the version in production for the run.

    Raises:
        ArtifactMissing: no features were published up to that day.
        RegistryUnavailable: MLflow does not answer.
    """
    state = latest_campaign_state(context.store, context.as_of)
    features = state.features
    counts = rows_by_day(features, context)
    since = list(counts)[-config.of_windows :][0]
    first = first_day(counts, config)
    window = train_model.load_features(features, context, since=first, until=context.as_of)
    window = window.astype({GAP: "float64"})  # as in the whole table, where the first day has none
    window = with_predictions(window, predictions(context.store, window["contact_date"]))
    production = Registry(context.settings, context.store).at(PRODUCTION)
    version = production.version if production else None
    days = {"first_day": first.isoformat(), "last_day": list(counts)[-1].isoformat(), "since": since.isoformat()}
    rows = {"rows": len(window), "predicted": int(window["probability"].notna().sum())}
    with context.stage() as stage:
        window.to_parquet(stage.path / ROWS, index=False)
        manifest = context.publish(
            stage,
            COMPONENT,
            KIND,
            parents=[features],
            rows=rows,
            parameters=config.model_dump(mode="json"),
            details={**days, "synthetic": bool(context.store.manifest(features).details.get("synthetic"))},
            notes={"model_version": version},
        )
    return load(manifest.ref, context)


def load(ref: ArtifactRef, context: RunContext) -> WindowArtifact:
    """The artifact behind a reference."""
    manifest = context.store.manifest(ref)
    return WindowArtifact(
        ref=ref,
        first_day=date.fromisoformat(str(manifest.details["first_day"])),
        last_day=date.fromisoformat(str(manifest.details["last_day"])),
        since=date.fromisoformat(str(manifest.details["since"])),
        model_version=manifest.notes["model_version"],  # type: ignore[arg-type]
        **manifest.rows,
    )


def load_rows(ref: ArtifactRef, context: RunContext) -> pd.DataFrame:
    """The rows of a window. Raises ArtifactMissing, ArtifactCorrupt."""
    context.store.verify(ref)
    with context.store.local_copy(f"{ref.uri}/{ROWS}") as path:
        return pd.read_parquet(path)


def rows_by_day(features: ArtifactRef, context: RunContext) -> dict[date, int]:
    """Contacts of each contact day up to the context's evening, in time order. One column is read."""
    place = f"{features.uri}/{transform_data.FEATURES}"
    known = [("contact_date", "<=", context.as_of)]
    dates = context.store.read_table(place, columns=["contact_date"], filters=known)["contact_date"]
    counted = {entry["values"]: entry["counts"] for entry in dates.value_counts().to_pylist()}
    return dict(sorted(counted.items()))


def first_day(rows: Mapping[Day, int], config: MonitoringConfig) -> Day:
    """First of the last contact days that are a window: `window_days` of them, or as many as hold `window_rows` rows.

    Args:
        rows: contacts of each contact day, in time order; at least one day.
        config: of the window.
    """
    days, found = list(rows), 0
    for taken, day in enumerate(reversed(days), start=1):
        found += rows[day]
        if taken >= config.window_days and found >= config.window_rows:
            return day
    return days[0]


def predictions(store: ArtifactStore, days: Iterable[str]) -> pd.DataFrame:
    """Logged predictions for known clients on the given contact days: contact_id, contact_date, version, probability, called.

    One row a contact and day: the last prediction of the nightly job, or of the service where the job made none. What a model said
    of a day whose outcomes it had learned (a list of the past made again) is no prediction, nor is what the service was asked
    more than AHEAD before the first of the days.
    """
    wanted = set(days)
    found: dict[tuple[str, str], PredictionRecord] = {}
    for uri in _recorded(store, wanted):
        for entry in json.loads(store.read_bytes(uri)):
            if entry["contact_id"] is None or entry["day"] not in wanted or entry.get("hindsight"):
                continue
            record = PredictionRecord.model_validate(entry)
            key = (str(record.contact_id), entry["day"])
            if key not in found or _weight(record) >= _weight(found[key]):
                found[key] = record
    rows = [(*key, made.model_version, made.probability, made.decision) for key, made in found.items()]
    return pd.DataFrame(rows, columns=["contact_id", "contact_date", "version", "probability", "called"])


def _recorded(store: ArtifactStore, days: set[str]) -> Iterator[str]:
    """URIs of the objects that may hold predictions for some days.

    They lie by the day that their ids begin with: for a nightly list that of the calls, for the service that of the request, which
    is later than the calls where the past is lived again.
    """
    if not days:
        return
    oldest = (date.fromisoformat(min(days)) - AHEAD).isoformat()
    for day in store.list_folders(store.uri(PREDICTIONS)):
        if day >= oldest:
            yield from store.list_files(store.uri(PREDICTIONS, day))


def _weight(record: PredictionRecord) -> tuple[bool, str]:
    return record.source == "batch", record.at.isoformat()


def with_predictions(window: pd.DataFrame, made: pd.DataFrame) -> pd.DataFrame:
    """Join a window with the predictions for its contacts; nan where there is none."""
    types = {"contact_id": "object", "contact_date": "object", "version": "float64", "probability": "float64"}
    return window.merge(made.astype(types), on=["contact_id", "contact_date"], how="left").astype({"called": "boolean"})
