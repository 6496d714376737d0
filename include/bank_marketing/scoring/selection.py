"""First step of a scoring run: the version in production, pinned by its bytes. A promotion meanwhile changes nothing for the run."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pydantic import Field

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.components.context import Entity, RunContext
from bank_marketing.economics import Economics
from bank_marketing.errors import ModelIncompatible
from bank_marketing.registry.registry import ModelVersion, Registry

COMPONENT = "select_model"
KIND = "selected_model"
VERSION_FILE = "version.json"

log = logging.getLogger(__name__)


class SelectionConfig(Entity):
    """Nothing to choose: the registry says what is in production."""


class SelectionInputs(Entity):
    """Nothing: the registry of the settings is asked."""


class SelectionArtifact(Entity):
    """The pinned version, and the prices that this run decides at: `model/` and `version.json`."""

    ref: ArtifactRef
    version: int
    model_digest: str
    threshold: float
    economics: Economics
    trained_through: str
    synthetic: bool
    other_prices: str = Field(description="what it means that the model was trained at other prices; empty when it was not")


def run(config: SelectionConfig, inputs: SelectionInputs, context: RunContext) -> SelectionArtifact:
    """Pin the version in production.

    Raises:
        NoProductionModel: there is none.
        ModelIncompatible: its signature, or the model itself, wants what a prospect of this contract has not.
        ArtifactCorrupt: MLflow holds other bytes than those that were registered.
        RegistryUnavailable: MLflow does not answer.
    """
    from bank_marketing.modeling.persistence import MODEL_FOLDER
    from bank_marketing.scoring.scorer import Scorer

    registry = Registry(context.settings, context.store)
    version = registry.production()
    _check_signature(registry, version, context)
    model = registry.load(version)
    economics = context.campaign.economics
    scorer = Scorer(model, version, economics, context.contract)
    with context.stage() as stage:
        (stage.path / MODEL_FOLDER).mkdir()
        model.save(stage.path / MODEL_FOLDER)
        told = asdict(version) | {"created_at": version.created_at.isoformat()}
        (stage.path / VERSION_FILE).write_text(json.dumps(told, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        manifest = context.publish(
            stage,
            COMPONENT,
            KIND,
            details={
                "model_digest": version.digest,
                "threshold": scorer.threshold,
                "economics": asdict(economics),
                "trained_through": model.trained_through,
                "synthetic": version.tags.get("synthetic") == "true",
                "other_prices": model.other_prices(economics),
            },
            notes={"version": version.version},
            volatile=lambda path: path == VERSION_FILE,
        )
    log.info(
        "version %d in production, trained through %s, threshold %.3f", version.version, model.trained_through, scorer.threshold
    )
    selected = load(manifest.ref, context)
    if selected.other_prices:
        log.warning(selected.other_prices)
    return selected


def load(ref: ArtifactRef, context: RunContext) -> SelectionArtifact:
    """The artifact behind a reference."""
    manifest = context.store.manifest(ref)
    details: dict[str, Any] = manifest.details
    return SelectionArtifact(ref=ref, version=load_version(ref, context).version, **details)


def load_version(ref: ArtifactRef, context: RunContext) -> ModelVersion:
    """The registered version as it was when it was pinned."""
    told = json.loads(context.store.read_bytes(f"{ref.uri}/{VERSION_FILE}"))
    return ModelVersion(**told | {"created_at": datetime.fromisoformat(told["created_at"])})


def _check_signature(registry: Registry, version: ModelVersion, context: RunContext) -> None:
    known = {column.name for column in context.contract.attributes} | set(context.campaign.features.campaign_columns)
    missing = [name for name in registry.inputs(version) if name not in known]
    if missing:
        raise ModelIncompatible(
            f"version {version.version} of {registry.name} wants columns that no prospect has: {', '.join(missing)}. Retrain, or "
            "`bank-marketing rollback` to a version that fits; nothing was scored."
        )
