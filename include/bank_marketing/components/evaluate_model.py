"""Evaluation: candidate, champion and baselines on the same unseen days, and a verdict with its reasons.

F1 at each model's own threshold decides, by paired bootstrap. Everything else stands beside it. Where half of all calls succeed, calling
everyone has about the best F1 there is: a first model that ties with a baseline on F1 must then rank clients better, for that is what the
call list is for. The champion is only ever replaced on F1.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.campaign.features import FeatureSpec
from bank_marketing.components import train_model
from bank_marketing.components.context import Entity, RunContext
from bank_marketing.economics import Economics
from bank_marketing.errors import ModelIncompatible, NotEnoughHistory
from bank_marketing.registry.registry import PRODUCTION, ModelVersion, Registry

if TYPE_CHECKING:
    import pandas as pd

    from bank_marketing.modeling.metrics import Floats, Metrics, PairedComparison
    from bank_marketing.modeling.model import TermDepositModel

COMPONENT = "evaluate_model"
KIND = "evaluation"

log = logging.getLogger(__name__)


class EvaluationConfig(Entity):
    """When a candidate is better."""

    min_rows: int = Field(default=200, gt=0, description="fewer unseen rows cannot tell two models apart")
    resamples: int = Field(default=1000, gt=0, description="bootstrap error of a 5 % quantile near .001 of F1")
    min_gain: float = Field(default=0.0, ge=0, description="the lower bound of the F1 gain over the champion must exceed this")
    seed: int = 7


class EvaluationInputs(Entity):
    """The candidate and the features that hold its unseen days."""

    model: ArtifactRef
    features: ArtifactRef


class Verdict(Entity):
    """Whether the candidate should go to production, and why, in plain sentences."""

    promote: bool
    reasons: tuple[str, ...]


class EvaluationArtifact(Entity):
    """The comparison: `evaluation.json`, `holdout_predictions.parquet`, `plots/`."""

    ref: ArtifactRef
    model: ArtifactRef
    verdict: Verdict
    champion_version: int | None
    result: dict[str, Any]


def run(config: EvaluationConfig, inputs: EvaluationInputs, context: RunContext) -> EvaluationArtifact:
    """Judge the candidate.

    Raises:
        NotEnoughHistory: the holdout holds one class only.
        RegistryUnavailable: MLflow does not answer.
        ArtifactMissing, ArtifactCorrupt: model or features are not what the references say.
    """
    from bank_marketing.modeling import plots
    from bank_marketing.modeling.metrics import intervals

    registry = Registry(context.settings, context.store)
    candidate = train_model.load_model(inputs.model, context)
    version = registry.at(PRODUCTION)
    champion, unusable = _champion(registry, version)
    table = train_model.load_features(inputs.features, context, ("validation", "holdout"))
    validation, holdout = (table[table["split"] == part] for part in ("validation", "holdout"))
    compared = compare(
        Contenders(
            candidate=candidate,
            champion=champion,
            champion_version=version.version if champion is not None and version is not None else None,
            same=champion is not None and version is not None and version.digest == inputs.model.digest,
        ),
        validation,
        holdout,
        config,
        context.campaign.economics,
    )
    days, contenders, figures, against, verdict = (
        compared.days,
        compared.contenders,
        compared.figures,
        compared.against,
        compared.verdict.model_copy(update={"reasons": (*compared.verdict.reasons, *unusable)}),
    )
    y = days["y"].to_numpy(int)
    bounds = {
        name: intervals(y, p, t, resamples=config.resamples // 2, seed=config.seed)
        for name, (p, t) in contenders.items()
        if name in ("candidate", "champion")
    }
    result = {
        "days": {
            "from": str(days["contact_date"].min()),
            "to": str(days["contact_date"].max()),
            "rows": len(days),
            "positives": int(y.sum()),
        },
        "candidate": figures["candidate"].model_dump(mode="json"),
        "champion": figures["champion"].model_dump(mode="json") if "champion" in figures else None,
        "champion_version": version.version if version else None,
        "baselines": {n: f.model_dump(mode="json") for n, f in figures.items() if n not in ("candidate", "champion")},
        "intervals": bounds,
        "against": {name: comparison.model_dump(mode="json") for name, comparison in against.items()},
        "ranking": {name: comparison.model_dump(mode="json") for name, comparison in compared.ranking.items()},
        "slices": _slices(days, *contenders["candidate"], context.campaign.features, context.campaign.economics),
        "verdict": verdict.model_dump(mode="json"),
    }
    synthetic = train_model.load(inputs.model, context).synthetic
    with context.stage() as stage:
        (stage.path / "evaluation.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        columns = {f"p_{name.replace(' ', '_')}": p for name, (p, _) in contenders.items()}
        days[["contact_id", "contact_date", "y"]].assign(**columns).to_parquet(
            stage.path / "holdout_predictions.parquet", index=False
        )
        p, threshold = contenders["candidate"]
        note = "SYNTHETIC data" if synthetic else ""
        plots.draw(y, p, threshold, candidate.feature_importance(), stage.path / "plots", note)
        manifest = context.publish(
            stage,
            COMPONENT,
            KIND,
            parents=[inputs.model, inputs.features],
            beside=True,
            rows={"holdout": len(holdout), "judged": len(days)},
            parameters=config.model_dump(mode="json"),
            details={"f1": figures["candidate"].f1, "verdict": verdict.model_dump(mode="json")},
            notes={"champion_version": version.version if version else None},
            volatile=lambda path: path.startswith("plots/"),
        )
    log.info("candidate F1 %.3f, ROC AUC %.3f: %s", figures["candidate"].f1, figures["candidate"].roc_auc, verdict.reasons[0])
    return load(manifest.ref, context)


def _champion(registry: Registry, version: ModelVersion | None) -> tuple[TermDepositModel | None, tuple[str, ...]]:
    """The model in production, or why it cannot be compared: one that no longer loads must not bar the way to one that does."""
    if version is None:
        return None, ()
    try:
        return registry.load(version), ()
    except ModelIncompatible as error:
        return None, (f"Version {version.version} in production cannot be loaded and is not compared: {error}",)


@dataclass(frozen=True)
class Contenders:
    """Who is judged: the candidate, and the champion when there is one. `same`: the candidate is the champion, trained again."""

    candidate: TermDepositModel
    champion: TermDepositModel | None = None
    champion_version: int | None = None
    same: bool = False


@dataclass(frozen=True)
class Comparison:
    """The unseen days, each contender's probabilities and threshold on them, its figures, and what follows."""

    days: pd.DataFrame
    contenders: dict[str, tuple[Floats, float]]
    figures: dict[str, Metrics]
    against: dict[str, PairedComparison]
    ranking: dict[str, PairedComparison]
    verdict: Verdict


def compare(
    models: Contenders, validation: pd.DataFrame, holdout: pd.DataFrame, config: EvaluationConfig, economics: Economics
) -> Comparison:
    """Compare the rivals and the baselines on the same unseen days: the rule of the pipeline and of the replay alike.

    Raises:
        NotEnoughHistory: the holdout holds one class only.
    """
    from bank_marketing.modeling.metrics import evaluate, paired_bootstrap, paired_ranking

    champion = models.champion
    unseen = _unseen(holdout, [models.candidate, *([champion] if champion else [])])
    comparable = models.same or champion is None or _usable(unseen, config)
    days = unseen if comparable and not models.same else holdout
    if not 0 < days["y"].sum() < len(days):
        raise NotEnoughHistory(f"the {len(days)} unseen contacts have only one outcome: no model can be judged on them")
    contenders = _contenders(models.candidate, champion if comparable else None, validation, days, economics)
    y = days["y"].to_numpy(int)
    figures = {name: evaluate(y, p, t, economics) for name, (p, t) in contenders.items()}
    called = {name: p >= t for name, (p, t) in contenders.items()}
    against = {
        name: paired_bootstrap(y, called["candidate"], called[name], resamples=config.resamples, seed=config.seed)
        for name in contenders
        if name != "candidate"
    }
    p = contenders["candidate"][0]
    ranking = {
        name: paired_ranking(y, p, other, resamples=config.resamples, seed=config.seed)
        for name, (other, _) in contenders.items()
        if name not in ("candidate", "champion")
    }
    verdict = _verdict(
        figures, against, ranking, models.champion_version, same=models.same, comparable=comparable, config=config
    )
    return Comparison(days, contenders, figures, against, ranking, verdict)


def load(ref: ArtifactRef, context: RunContext) -> EvaluationArtifact:
    """The artifact behind a reference."""
    manifest = context.store.manifest(ref)
    result = json.loads(context.store.read_bytes(f"{ref.uri}/evaluation.json"))
    return EvaluationArtifact(
        ref=ref,
        model=manifest.parents[0],
        verdict=Verdict.model_validate(result["verdict"]),
        champion_version=result["champion_version"],
        result=result,
    )


def _unseen(holdout: pd.DataFrame, models: list[TermDepositModel]) -> pd.DataFrame:
    """Holdout days after the last day that any of the models has learned from."""
    return holdout[holdout["contact_date"] > max(model.trained_through for model in models)]


def _usable(unseen: pd.DataFrame, config: EvaluationConfig) -> bool:
    return len(unseen) >= config.min_rows and 0 < unseen["y"].sum() < len(unseen)


def _contenders(
    candidate: TermDepositModel,
    champion: TermDepositModel | None,
    validation: pd.DataFrame,
    days: pd.DataFrame,
    economics: Economics,
) -> dict[str, tuple[Floats, float]]:
    """Probabilities on the same days and the threshold of each at today's prices: models, then baselines."""
    import numpy as np

    from bank_marketing.modeling import baselines

    found = {"candidate": (candidate.predict_proba(days), candidate.threshold_at(economics))}
    if champion is not None:
        found["champion"] = (champion.predict_proba(days), champion.threshold_at(economics))
    # Calling everyone knows no more than the last days' rate: that is its probability for each client.
    found[baselines.CALL_EVERYONE] = (np.full(len(days), float(validation["y"].mean())), 0.0)
    found[baselines.TRAILING_RATE] = (
        baselines.trailing_rate(days, candidate.spec),
        baselines.trailing_rate_threshold(validation, candidate.spec),
    )
    return found


def _verdict(
    figures: dict[str, Metrics],
    against: dict[str, PairedComparison],
    ranking: dict[str, PairedComparison],
    champion: int | None,
    *,
    same: bool,
    comparable: bool,
    config: EvaluationConfig,
) -> Verdict:
    if same and champion is not None:
        return Verdict(promote=False, reasons=(f"The candidate is version {champion}, the model in production: same content.",))
    if not comparable and champion is not None:
        reason = f"Not comparable: version {champion} has learned from these days, fewer than {config.min_rows} are unseen."
        return Verdict(promote=False, reasons=(reason + " It stays.",))
    passed, reasons = [], []
    for name, comparison in against.items():
        if name == "champion" and champion is not None:
            wins = comparison.low > config.min_gain
            rule = f"the lower 95 % bound {comparison.low:+.3f} {'is above' if wins else 'is not above'} {config.min_gain:g}"
            reason = _f1_reason(
                figures["candidate"], figures[name], f"version {champion} in production", comparison, rule, wins=wins
            )
        else:
            wins, reason = _against_baseline(figures["candidate"], figures[name], name, comparison, ranking[name])
        passed.append(wins)
        reasons.append(reason)
    losses = [reason for reason, win in zip(reasons, passed, strict=True) if not win]
    return Verdict(promote=all(passed), reasons=tuple(losses + [reason for reason in reasons if reason not in losses]))


def _against_baseline(
    candidate: Metrics, baseline: Metrics, name: str, comparison: PairedComparison, ranking: PairedComparison
) -> tuple[bool, str]:
    """A baseline is beaten on F1; or tied with on F1, as far as these days can tell, and beaten in ranking without a doubt."""
    rival = f"the baseline '{name}'"
    ties = comparison.difference <= 0 <= comparison.high
    if ties and ranking.low > 0:
        return True, (
            f"F1 {candidate.f1:.3f} ties with {baseline.f1:.3f} of {rival} ({comparison.difference:+.3f}, 90 % interval "
            f"{comparison.low:+.3f} to {comparison.high:+.3f}) and it ranks better: ROC AUC {candidate.roc_auc:.3f} against "
            f"{baseline.roc_auc:.3f}; profit {candidate.profit:,.0f} against {baseline.profit:,.0f}."
        )
    rule = f"better in {comparison.probability_better:.0%} of resamples"
    return comparison.difference > 0, _f1_reason(candidate, baseline, rival, comparison, rule, wins=comparison.difference > 0)


def _f1_reason(candidate: Metrics, other: Metrics, rival: str, comparison: PairedComparison, rule: str, *, wins: bool) -> str:
    verb = "beats" if wins else "does not beat"
    return f"F1 {candidate.f1:.3f} {verb} {other.f1:.3f} of {rival} ({comparison.difference:+.3f}, {rule})."


def _slices(days: pd.DataFrame, p: Floats, threshold: float, spec: FeatureSpec, economics: Economics) -> list[dict[str, Any]]:
    """F1 and ROC AUC of the candidate by cut of the unseen days."""
    from bank_marketing.modeling.metrics import evaluate
    from bank_marketing.modeling.slices import slices

    y, found = days["y"].to_numpy(int), []
    for name, rows in slices(days, spec):
        metrics = evaluate(y[rows], p[rows], threshold, economics)
        figures = {key: getattr(metrics, key) for key in ("rows", "positives", "f1", "roc_auc")}
        found.append({"slice": name} | figures)
    return found
