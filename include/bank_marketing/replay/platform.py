"""The platform as it was on one evening: its model in production, its windows so far, and what it does that evening."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import pandas as pd
from pydantic import Field

from bank_marketing.campaign.features import FeatureSpec
from bank_marketing.campaign.presentation import Presentation
from bank_marketing.components.context import Entity, RunContext
from bank_marketing.components.evaluate_model import Comparison, Contenders, EvaluationConfig, compare
from bank_marketing.components.train_model import TrainingConfig
from bank_marketing.components.transform_data import TransformationConfig
from bank_marketing.contract import Contract
from bank_marketing.economics import Economics
from bank_marketing.errors import NotEnoughHistory
from bank_marketing.modeling.baselines import trailing_rate_threshold
from bank_marketing.modeling.choice import ModelSpec
from bank_marketing.modeling.model import TermDepositModel, train
from bank_marketing.modeling.training_rows import reference_rows
from bank_marketing.monitoring.config import MonitoringConfig
from bank_marketing.monitoring.decision import Decision, WindowVerdict, decide
from bank_marketing.monitoring.drift import assess_drift
from bank_marketing.monitoring.performance import COMPARED, assess_performance
from bank_marketing.monitoring.window import first_day
from bank_marketing.replay.table import split


class ReplayConfig(Entity):
    """The configurations of the components that the replay runs."""

    contract: Contract = Field(exclude=True, repr=False)
    features: FeatureSpec = Field(exclude=True, repr=False)
    choice: ModelSpec
    transformation: TransformationConfig = TransformationConfig()
    training: TrainingConfig = TrainingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    monitoring: MonitoringConfig = MonitoringConfig()
    economics: Economics
    presentation: Presentation = Field(default=Presentation(), exclude=True, repr=False)
    changed: date | None = Field(
        default=None, exclude=True, repr=False, description="day of the last known change of the campaign's past"
    )

    @classmethod
    def of(cls, context: RunContext, choice: ModelSpec) -> ReplayConfig:
        """The configurations of a campaign. Raises ConfigError."""
        return cls(
            contract=context.contract,
            features=context.campaign.features,
            choice=choice,
            transformation=context.config("transform_data", TransformationConfig),
            training=context.config("train_model", TrainingConfig),
            evaluation=context.config("evaluate_model", EvaluationConfig),
            monitoring=context.config("detect_drift", MonitoringConfig),
            economics=context.campaign.economics,
            presentation=context.campaign.presentation,
            changed=max((change.day for change in context.campaign.params.history.changes), default=None),
        )


@dataclass(frozen=True)
class Deployed:
    """A model with what monitoring compares it with."""

    version: int
    model: TermDepositModel
    reference: pd.DataFrame
    evaluated: dict[str, float]
    trailing_threshold: float


class Event(Entity):
    """Something the platform did on an evening."""

    day: str
    kind: Literal["promoted", "rejected", "waited"]
    why: str
    version: int | None
    reason: str


@dataclass
class Platform:
    """The platform's memory, evening after evening."""

    config: ReplayConfig
    production: Deployed | None = None
    versions: int = 0
    windows: list[WindowVerdict] = field(default_factory=list)
    last_retraining: date | None = None

    def evening(self, known: pd.DataFrame, made: pd.DataFrame) -> tuple[dict[str, Any], list[Event]]:
        """Live one evening: until a model is in production, train; afterwards monitor, and train when told.

        Args:
            known: features table with outcomes up to this evening.
            made: contact_id, version, probability, called of the predictions that the platform made.

        Returns:
            The evening's monitoring figures (empty before the first model), and what was done.
        """
        if self.production is None:
            return {}, self.retrain(known, "no model in production yet")
        monitored, decision = self.watch(known, made)
        return monitored, self.retrain(known, decision.reason) if decision.retrain else []

    def watch(self, known: pd.DataFrame, made: pd.DataFrame) -> tuple[dict[str, Any], Decision]:
        """Monitor one evening, remember its window, and decide; nothing is trained. Arguments as of `evening`."""
        assert self.production is not None
        today = str(known["contact_date"].iloc[-1])
        rows = {str(day): int(count) for day, count in known["contact_date"].value_counts().sort_index().items()}
        window = known[known["contact_date"] >= first_day(rows, self.config.monitoring)]
        found, verdict = self._look(window, made, today)
        decision = decide(verdict, self.windows, self.last_retraining, date.fromisoformat(today), self.config.monitoring)
        self.windows = [*self.windows, verdict][-self.config.monitoring.of_windows :]
        monitored = found | {"day": today, "version": self.production.version, "decision": decision.model_dump(mode="json")}
        return monitored, decision

    def _look(self, window: pd.DataFrame, made: pd.DataFrame, today: str) -> tuple[dict[str, Any], WindowVerdict]:
        deployed, config = self.production, self.config
        assert deployed is not None
        scored = window.assign(probability=deployed.model.predict_proba(window))
        drift = assess_drift(deployed.reference, scored, config.contract, config.monitoring)
        own = made.loc[made["version"] == deployed.version, ["contact_id", "probability", "called"]]
        outcomes = window.merge(own, on="contact_id", how="left")
        performance = assess_performance(
            outcomes,
            deployed.evaluated,
            config.features,
            deployed.trailing_threshold,
            config.economics,
            config.monitoring,
        )
        verdict = WindowVerdict(
            last_day=date.fromisoformat(today),
            enough=drift.enough or performance.enough,
            violates=drift.violates or performance.violates,
            reasons=(*(drift.reasons if drift.enough else ()), *performance.reasons),
        )
        return {"drift": drift.to_json(), "performance": performance.to_json()}, verdict

    def retrain(self, known: pd.DataFrame, why: str) -> list[Event]:
        """Train on what is known, and promote the candidate if the judge says so."""
        today = str(known["contact_date"].iloc[-1])
        version = self.production.version if self.production else None
        try:
            candidate, parts = fit(self.config, known)
            compared = self._compare(candidate, parts)
        except NotEnoughHistory as error:
            return [Event(day=today, kind="waited", why=why, version=version, reason=str(error))]
        if self.production is not None:
            self.last_retraining = date.fromisoformat(today)
        reason = compared.verdict.reasons[0]
        if not compared.verdict.promote:
            return [Event(day=today, kind="rejected", why=why, version=version, reason=reason)]
        self.versions += 1
        self.production = deploy(self.config, self.versions, candidate, parts, compared)
        self.windows = []  # windows against another model's reference say nothing about this one
        return [Event(day=today, kind="promoted", why=why, version=self.versions, reason=reason)]

    def _compare(self, candidate: TermDepositModel, parts: dict[str, pd.DataFrame]) -> Comparison:
        current = self.production
        models = Contenders(candidate, current.model if current else None, current.version if current else None)
        return compare(models, parts["validation"], parts["holdout"], self.config.evaluation, self.config.economics)


def fit(config: ReplayConfig, known: pd.DataFrame) -> tuple[TermDepositModel, dict[str, pd.DataFrame]]:
    """Train as the training component does. Raises NotEnoughHistory."""
    parts = split(known, config.transformation)
    for name in ("train", "validation"):
        positives = int(parts[name]["y"].sum())
        if positives < config.training.min_positives:
            raise NotEnoughHistory(f"the {name} days have {positives} subscribers, {config.training.min_positives} are needed")
    model, _ = train(config.choice, parts["train"], parts["validation"], spec=config.features, economics=config.economics)
    return model, parts


def deploy(
    config: ReplayConfig, version: int, model: TermDepositModel, parts: dict[str, pd.DataFrame], compared: Comparison
) -> Deployed:
    """Put a judged model into production, with its training reference and its figures on the unseen days."""
    learned = pd.concat([parts["train"], parts["validation"]], ignore_index=True)
    figures = compared.figures["candidate"].model_dump()
    return Deployed(
        version=version,
        model=model,
        reference=reference_rows(model, learned, config.training.reference_rows),
        evaluated={name: float(figures[name]) for name in COMPARED},
        trailing_threshold=trailing_rate_threshold(parts["validation"], config.features),
    )
