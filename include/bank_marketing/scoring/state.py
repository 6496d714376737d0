"""The campaign's counts for a coming contact day, as the evening before knows them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bank_marketing.artifacts import ArtifactRef, ArtifactStore, Manifest
from bank_marketing.campaign.features import LIST_SIZE, FeatureSpec
from bank_marketing.components.context import RUNS
from bank_marketing.components.transform_data import COMPONENT, FEATURES
from bank_marketing.errors import ArtifactMissing, InvalidAsOf, NotEnoughHistory


class CampaignState(BaseModel):
    """The campaign's counts as the evening of its last contact day knows them, and the features artifact that they come from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    as_of: date = Field(description="day of the run that made the features")
    last_contact_day: date = Field(description="last day whose outcomes are in the counts")
    counts: dict[str, int] = Field(description="campaign columns of the features table")
    features_uri: str
    features_digest: str

    @property
    def features(self) -> ArtifactRef:
        """The features artifact."""
        return ArtifactRef(kind="features", uri=self.features_uri, digest=self.features_digest)


def latest_campaign_state(store: ArtifactStore, as_of: date | None = None) -> CampaignState:
    """The latest published campaign state that knows no day after `as_of`.

    Raises:
        ArtifactMissing: no features were published that early.
    """
    for manifest in published_features(store):
        state = _stated(manifest)
        if state is not None and (as_of is None or state.last_contact_day <= as_of):
            return state
    when = f" as of {as_of} or earlier" if as_of else ""
    raise ArtifactMissing(f"no features were published{when}: run the training DAG (`make run`) first")


def campaign_state_for(store: ArtifactStore, day: date, last_contact_day: date, features: FeatureSpec) -> CampaignState:
    """The state that a coming `day` is scored with: that of `last_contact_day`, the contact day before it.

    A run of that evening has published it; for a past evening without a run of its own, it is counted again from a later run's
    features, with the rows up to that evening and no other.

    Raises:
        NotEnoughHistory: no features reach that evening.
    """
    later = None
    for manifest in published_features(store):
        if manifest.as_of is not None and manifest.as_of < last_contact_day:
            break  # nor does any older one know that evening
        state = _stated(manifest)
        if state is None or state.last_contact_day < last_contact_day:
            continue
        if state.last_contact_day == last_contact_day:
            return state
        later = state
    if later is None:
        raise NotEnoughHistory(
            f"the list of {day} needs the campaign's counts of the evening of {last_contact_day}, and no features reach it. Run the "
            f"training DAG as of {last_contact_day}, then re-run."
        )
    return _recounted(store, later, last_contact_day, features)


def published_features(store: ArtifactStore, first: date | None = None) -> Iterator[Manifest]:
    """Manifests of features, newest day first; of one day, the one made last first.

    A day's runs are looked at when its turn comes: who takes the newest reads the newest, however many days there are.

    Args:
        store: where they are published.
        first: days up to this one come before all later ones.
    """
    by_day: dict[str, list[str]] = {}
    for dag in store.list_folders(store.uri(RUNS)):
        for day in store.list_folders(store.uri(RUNS, dag)):
            by_day.setdefault(day, []).append(store.uri(RUNS, dag, day))
    until = first.isoformat() if first else ""
    for day in sorted(by_day, key=lambda name: (name <= until, name), reverse=True):
        places = [f"{place}/{run}/{COMPONENT}" for place in by_day[day] for run in store.list_folders(place)]
        found = [store.manifest(uri) for uri in places if store.has_manifest(uri)]
        yield from sorted(found, key=lambda manifest: manifest.created_at, reverse=True)


def _stated(manifest: Manifest) -> CampaignState | None:
    counts: Any = manifest.details.get("campaign_state")
    if not counts or manifest.as_of is None:
        return None
    return CampaignState(
        as_of=manifest.as_of,
        last_contact_day=counts["last_contact_day"],
        counts={name: value for name, value in counts.items() if name != "last_contact_day"},
        features_uri=manifest.uri,
        features_digest=manifest.content_digest,
    )


def _recounted(store: ArtifactStore, later: CampaignState, last: date, features: FeatureSpec) -> CampaignState:
    """The state of the evening of `last`, counted from features that reach further. Raises InvalidAsOf when nothing had landed by then."""
    import pandas as pd

    from bank_marketing.etl.evening import counts_of_evening

    with store.local_copy(f"{later.features_uri}/{FEATURES}") as folder:
        rows = pd.read_parquet(folder, columns=["contact_date", "y", LIST_SIZE, *features.segments])
    first = min(rows["contact_date"].astype(str))
    rows = rows[rows["contact_date"].astype(str) <= last.isoformat()]
    if rows.empty:
        raise InvalidAsOf(
            f"as_of={last}: nobody had been called by then, the first contact day is {first}. Name a day from then on."
        )
    sizes = {LIST_SIZE: int(rows.loc[rows["contact_date"] == rows["contact_date"].max(), LIST_SIZE].iloc[-1])}
    return later.model_copy(update={"last_contact_day": last, "counts": counts_of_evening(rows, features) | sizes})
