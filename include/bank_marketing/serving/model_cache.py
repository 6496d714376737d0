"""What predictions are made with: the production model and the campaign's latest counts, re-read while requests go on.

A request takes one `ServingState` and keeps it to its end; a swap replaces the reference and touches nothing that is in use.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

from bank_marketing.artifacts import ArtifactStore
from bank_marketing.campaign import Campaign as CampaignSpec
from bank_marketing.errors import (
    ArtifactCorrupt,
    ArtifactMissing,
    BankMarketingError,
    ModelIncompatible,
    NoProductionModel,
    RegistryUnavailable,
    StoreUnavailable,
)
from bank_marketing.registry.registry import ModelVersion, Registry
from bank_marketing.rules.calendar import Calendar
from bank_marketing.scoring.market import latest_market
from bank_marketing.scoring.scorer import CampaignState, Scorer, latest_campaign_state
from bank_marketing.scoring.single import SingleScorer
from bank_marketing.serving.measures import Measures

log = logging.getLogger(__name__)


#: Written at each look, to see whether the store takes what is written.
PROBE = "_probe"


class NoFeatures(BankMarketingError):
    """No features of the campaign are published: nothing knows its counts."""


#: What may be said to anybody, by kind of failure: no place, no path, no address.
_PUBLIC: tuple[tuple[type[BankMarketingError], str, str], ...] = (
    (NoFeatures, "no-features", "No features of the campaign are published: run the training DAG (`make run`)."),
    (NoProductionModel, "no-model", "No model is in production: run the training DAG (`make run`), or roll back to a version."),
    (ArtifactCorrupt, "unavailable", "The model in production is not the one that was registered: its files were altered."),
    (ModelIncompatible, "unavailable", "The model in production does not fit this release of the service."),
    (RegistryUnavailable, "unavailable", "The model registry does not answer."),
    (StoreUnavailable, "unavailable", "The artifact store does not answer."),
)


def public(error: Exception) -> tuple[str, str]:
    """Kind of problem and sentence of a failure, for those who are not known."""
    for kind, problem, sentence in _PUBLIC:
        if isinstance(error, kind):
            return problem, sentence
    return "unavailable", "The model in production could not be loaded."


@dataclass(frozen=True)
class Campaign:
    """The campaign's counts as of its last contact day, when they were published, and the market of that day."""

    state: CampaignState
    published_at: datetime
    market: dict[str, float]
    synthetic: bool
    calendar: Calendar = field(default_factory=Calendar)

    @property
    def next_day(self) -> date:
        """The working day after the last contact day: what is scored for when a request names no day."""
        return self.calendar.next_working_day(self.state.last_contact_day)

    @property
    def list_size(self) -> int:
        """Size of the last day's call list: what is assumed when a request names none."""
        return int(self.state.counts["list_size"])

    def age_days(self, day: date) -> int:
        """Days from the last contact day that is known to a day that is scored."""
        return (day - self.state.last_contact_day).days

    def is_stale(self, day: date, limit: int, now: datetime) -> bool:
        """Whether the counts are too old for a day: the contacts since are missing, or nothing was published for long."""
        return self.age_days(day) > limit or (now - self.published_at).days > limit


@dataclass(frozen=True)
class ServingState:
    """A model version with its scorer, the campaign that it scores with, and its figures on the validation days."""

    version: ModelVersion
    scorer: Scorer
    loaded_at: datetime
    campaign: Campaign
    metrics: dict[str, Any]

    @property
    def threshold(self) -> float:
        """Clients with at least this probability are called."""
        return self.scorer.threshold

    @cached_property
    def single(self) -> SingleScorer | None:
        """Scores one client without a table, where the model allows it."""
        return SingleScorer(self.scorer) if SingleScorer.fits(self.scorer) else None

    @property
    def other_prices(self) -> str:
        """What it means that the model was trained at other prices than today's; empty when it was not."""
        return self.scorer.model.other_prices(self.scorer.economics)


class ModelCache:
    """Keeps what is served, and looks at the registry on an interval."""

    def __init__(
        self, campaign: CampaignSpec, store: ArtifactStore, registry: Registry, measures: Measures, every: float
    ) -> None:
        self.campaign, self.store, self.registry, self.measures, self.every = campaign, store, registry, measures, every
        self.current: ServingState | None = None
        self.problem = "the registry was not asked yet"
        self.public_problem = self.problem
        self.kind = "no-model"
        self.store_problem = ""
        self.checked_at: datetime | None = None
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Look at the registry now, and then on the interval until `stop`."""
        self.check()
        self._thread = threading.Thread(target=self._watch, name="model-cache", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the watch."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def check(self) -> None:
        """Load what is in production when it changed. Never raises: what goes wrong is kept in `problem`, with the last good model."""
        with self._lock:
            try:
                self._load()
                self.problem = self.public_problem = ""
            except BankMarketingError as error:
                self._failed(error, str(error))
            except Exception as error:  # whatever a broken registry or file does, the last good model goes on serving
                self._failed(error, f"{type(error).__name__}: the model could not be loaded")
            self._try_store()
            self.checked_at = datetime.now(UTC)
            self.measures.reload_failed.set(bool(self.problem))

    def _watch(self) -> None:
        while not self._stop.wait(self.every):
            self.check()

    def _failed(self, error: Exception, told: str) -> None:
        if told != self.problem:
            log.warning("the model in production could not be loaded (%s): %s", type(error).__name__, told)
        self.problem = told
        self.kind, self.public_problem = public(error)

    def _try_store(self) -> None:
        """Write what a prediction would need to be written: a full disk is known before a client asks."""
        try:
            self.store.write_bytes(self.store.uri(PROBE), b"")
            self.store_problem = ""
        except BankMarketingError as error:
            if not self.store_problem:
                log.error("nothing can be put on record: %s", error)
            self.store_problem = "Nothing can be put on record: the artifact store refuses what is written."

    def _load(self) -> None:
        before = self.current
        if before:
            self.registry.check_database()
        version = self.registry.production()
        campaign = self._campaign(before.campaign if before else None)
        if before and (before.version.version, before.version.digest) == (version.version, version.digest):
            self.registry.verify(version)
            if campaign is not before.campaign:
                self.current = replace(before, campaign=campaign)
        else:
            model = self.registry.load(version)
            scorer = Scorer(model, version, self.campaign.economics, self.campaign.contract)
            self.current = ServingState(version, scorer, datetime.now(UTC), campaign, self._metrics(version))
            self.measures.use_model(version.version, version.digest, self.current.loaded_at.timestamp())
            log.info("serving version %d (%s)", version.version, version.digest[:12])
            if told := model.other_prices(self.campaign.economics):
                log.warning(told)
        last = datetime.combine(campaign.state.last_contact_day, datetime.min.time(), UTC)
        self.measures.features_through.set(last.timestamp())
        self.measures.features_published.set(campaign.published_at.timestamp())

    def restore(self, number: int, digest: str, state: CampaignState) -> ServingState:
        """What an earlier request was accepted with: that version and those counts.

        Raises:
            ConfigError, ArtifactCorrupt, ModelIncompatible: the version is not there any more, or another one.
            RegistryUnavailable, StoreUnavailable: it cannot be read now.
        """
        current = self.current
        if current and (current.version.digest, current.campaign.state) == (digest, state):
            return current
        if current and current.version.digest == digest:
            return replace(current, campaign=self._campaign_of(state))
        version = self.registry.get(number)
        if version.digest != digest:
            raise ArtifactCorrupt(f"version {number} is not the model that a list was accepted with")
        scorer = Scorer(self.registry.load(version), version, self.campaign.economics, self.campaign.contract)
        return ServingState(version, scorer, datetime.now(UTC), self._campaign_of(state), {})

    def _metrics(self, version: ModelVersion) -> dict[str, Any]:
        """Figures of the training run; none when its artifact was removed: a model serves without them."""
        try:
            details: dict[str, Any] = self.store.manifest(version.tags.get("model_uri", "")).details
        except (ArtifactMissing, ArtifactCorrupt):
            return {}
        return dict(details.get("metrics", {}))

    def _campaign(self, before: Campaign | None) -> Campaign:
        try:
            state = latest_campaign_state(self.store)
        except ArtifactMissing as error:
            raise NoFeatures(str(error)) from error
        if before is not None and before.state == state:
            return before
        return self._campaign_of(state)

    def _campaign_of(self, state: CampaignState) -> Campaign:
        manifest = self.store.manifest(state.features_uri)
        market = latest_market(self.store, state, self.campaign.contract)
        return Campaign(state, manifest.created_at, market, bool(manifest.details.get("synthetic")), self.campaign.calendar)
