"""Promotion (the model pusher): registers the version and moves the stages as the verdict says, on record."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Literal

from pydantic import Field

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.components import evaluate_model, train_model
from bank_marketing.components.context import Entity, RunContext
from bank_marketing.errors import ConfigError
from bank_marketing.registry import records
from bank_marketing.registry.records import Record
from bank_marketing.registry.registry import ModelVersion, Registry

COMPONENT = "promote_model"
KIND = "promotion"

Decision = Literal["promoted", "rejected", "unchanged", "skipped"]

log = logging.getLogger(__name__)


class PromotionConfig(Entity):
    """Whether this run may touch the registry's stages, and in whose name."""

    promote: bool = Field(default=True, description="false in backfills: nothing is registered, no stage moves")
    who: str = "bank-marketing"
    reason: str = Field(default="", description="why the run was started, for the record")
    approved: str = Field(default="", description="who lets the candidate into production, in a sentence; on record")
    refused: str = Field(default="", description="who keeps a better candidate out of production, in a sentence; on record")

    @property
    def approval(self) -> Literal["", "approved", "refused"]:
        """A person's word, where one was asked for."""
        return "refused" if self.refused else "approved" if self.approved else ""


class PromotionInputs(Entity):
    """The verdict and the model it is about."""

    evaluation: ArtifactRef
    model: ArtifactRef


class PromotionArtifact(Entity):
    """What was decided: `promotion.json`."""

    ref: ArtifactRef
    decision: Decision
    version: int | None = None
    from_version: int | None = None
    to_version: int | None = None
    reasons: tuple[str, ...] = ()
    who: str = ""


def run(config: PromotionConfig, inputs: PromotionInputs, context: RunContext) -> PromotionArtifact:
    """Carry out the verdict. A retry finds what the first try did and changes nothing; a re-run moves no stage backwards.

    A version that a person has refused or rolled back goes to production only by a person's word: `approved`, or a rollback to it.

    Raises:
        ConfigError: the verdict is about another model.
        RegistryUnavailable: MLflow does not answer.
    """
    verdict = evaluate_model.load(inputs.evaluation, context)
    if verdict.model.digest != inputs.model.digest:
        raise ConfigError(
            f"the evaluation judged model {verdict.model.digest[:12]}, not {inputs.model.digest[:12]}: what is promoted must be what "
            "was evaluated. Re-run from evaluate_model."
        )
    outcome = _decide(config, verdict, train_model.load(inputs.model, context), context)
    with context.stage() as stage:
        (stage.path / "promotion.json").write_text(json.dumps(outcome, indent=1) + "\n", encoding="utf-8")
        manifest = context.publish(
            stage,
            COMPONENT,
            KIND,
            parents=[inputs.evaluation, inputs.model],
            beside=True,
            details={"decision": outcome["decision"], "reasons": outcome["reasons"]},
            notes={name: outcome[name] for name in ("version", "from_version", "to_version", "who")},
            volatile=lambda path: True,
        )
    log.info("%s: %s", outcome["decision"], " ".join(verdict.verdict.reasons))
    return load(manifest.ref, context)


def load(ref: ArtifactRef, context: RunContext) -> PromotionArtifact:
    """The artifact behind a reference."""
    context.store.manifest(ref)
    return PromotionArtifact(ref=ref, **json.loads(context.store.read_bytes(f"{ref.uri}/promotion.json")))


def _decide(
    config: PromotionConfig, judged: evaluate_model.EvaluationArtifact, model: train_model.ModelArtifact, context: RunContext
) -> dict[str, object]:
    outcome: dict[str, object] = {
        "decision": "skipped",
        "version": None,
        "from_version": judged.champion_version,
        "to_version": judged.champion_version,
        "reasons": ["Promotion is switched off for this run; the registry is untouched.", *judged.verdict.reasons],
        "who": config.who,
    }
    if not config.promote:
        return outcome
    registry = Registry(context.settings, context.store)
    version = registry.register(model.mlflow_run_id, model.mlflow_model_id, _tags(model, context))
    kept_out = _kept_out(config, version, context)
    moves = judged.verdict.promote and not kept_out
    reasons = [*_said(kept_out if judged.verdict.promote else config.refused), *judged.verdict.reasons]
    outcome |= {"version": version.version, "reasons": reasons}
    current = registry.at("production")
    if current is not None and current.version == version.version:
        return outcome | {"decision": "promoted" if moves else "unchanged", "to_version": version.version}
    before = _replaced_before(version, context)
    if before is not None and not kept_out and not config.approved:
        why = (
            f"Version {version.version} was in production before and was replaced on {before:%Y-%m-%d}: a re-run does not put it back. "
            f"A person can: `bank-marketing rollback --to {version.version} --reason …`."
        )
        stays = {"decision": "unchanged", "to_version": current.version if current else None}
        return outcome | stays | {"reasons": [why, *judged.verdict.reasons]}
    record = Record(
        action="promoted" if moves else "rejected",
        at=datetime.now(UTC),
        who=config.who,
        reasons=(*_said(config.reason), *_said(config.approved), *reasons),
        version=version.version,
        run=f"{context.dag_id}/{context.run_id}",
        model_digest=version.digest,
        metrics={name: judged.result[name] for name in ("days", "candidate", "champion", "baselines")},
        approval=config.approval,
    )
    if moves:
        registry.stage(version)
        done = registry.promote(version, record)
        return outcome | {"decision": "promoted", "from_version": done.from_version, "to_version": done.to_version}
    if before is None:  # a version that was in production stays archived
        registry.stage(version)
    done = registry.reject(version, record)
    return outcome | {"decision": "rejected", "from_version": done.from_version, "to_version": done.to_version}


def _replaced_before(version: ModelVersion, context: RunContext) -> datetime | None:
    """When a version that was in production was last replaced there; None when it never was in production."""
    moves = [entry.at for entry in records.history(context.store) if version.version in (entry.from_version, entry.to_version)
             and entry.from_version != entry.to_version]  # fmt: skip
    return max(moves, default=None)


def _kept_out(config: PromotionConfig, version: ModelVersion, context: RunContext) -> str:
    """Why a version may not go to production whatever its figures are, in a sentence; empty when it may."""
    if config.approval:
        return config.refused
    refused = records.refusal(records.history(context.store), version.version)
    if refused is None:
        return ""
    how = "rolled it back" if refused.action == "rolled_back" else "kept it out of production"
    return (
        f"Version {version.version} stays out: {refused.who} {how} on {refused.at:%Y-%m-%d}. Only a person brings it back: in a run with "
        f"`approval`, or by `bank-marketing rollback --to {version.version} --reason …`."
    )


def _said(sentence: str) -> tuple[str, ...]:
    return (sentence,) if sentence else ()


def _tags(model: train_model.ModelArtifact, context: RunContext) -> dict[str, str]:
    manifest = context.store.manifest(model.ref)
    return {
        "model_digest": model.ref.digest,
        "files": json.dumps(model.files, sort_keys=True),
        "model_uri": model.ref.uri,
        "features_digest": model.features.digest,
        "features_uri": model.features.uri,
        "as_of": context.as_of.isoformat(),
        "trained_through": model.trained_through,
        "threshold": f"{model.threshold:g}",
        "call_cost": f"{model.economics.call_cost:g}",
        "deposit_margin": f"{model.economics.deposit_margin:g}",
        "contract": manifest.schema_digest,
        "code_version": manifest.code_version,
        "dag_run": f"{context.dag_id}/{context.run_id}",
        "synthetic": str(model.synthetic).lower(),
    }
