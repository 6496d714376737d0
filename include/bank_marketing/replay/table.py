"""The features table of the whole campaign, and what an evening knew of it.

One Spark transformation makes the table. Its features are point-in-time, so the rows up to a day are the table that a transformation on
that evening would have made; a test holds this.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.artifacts.manifest import digest_of
from bank_marketing.components import ingest_data, train_model, transform_data
from bank_marketing.components.context import RunContext
from bank_marketing.errors import ArtifactMissing
from bank_marketing.etl.split import temporal_split
from bank_marketing.settings import Settings

#: Packages whose code decides what the features are, and what happens on an evening.
MAKES_FEATURES = ("campaign", "contract", "etl")
LIVES = (*MAKES_FEATURES, "modeling", "components", "monitoring", "replay")


def code_digest(*packages: str) -> str:
    """Digest of the source of some packages of bank_marketing: what other code made is not taken for this code's."""
    root = Path(__file__).parents[1]
    files = sorted(path for name in packages for path in (root / name).rglob("*.py"))
    return digest_of([[str(path.relative_to(root)), hashlib.sha256(path.read_bytes()).hexdigest()] for path in files])


def features_context(settings: Settings, last: date) -> RunContext:
    """Context of the run that makes the features up to a day, by this code."""
    return RunContext("replay", f"features-{code_digest(*MAKES_FEATURES)[:12]}", last, settings)


def features_of(context: RunContext, on_step: Callable[[str], None] = lambda step: None) -> ArtifactRef:
    """Features of everything that has landed up to the context's day; made once for the same landed files."""
    on_step("ingesting")
    snapshot = ingest_data.run(
        context.config("ingest_data", ingest_data.IngestionConfig), ingest_data.IngestionInputs(), context
    ).ref
    try:
        made = context.store.verify(context.component_uri(transform_data.COMPONENT))
        if made.parents == (snapshot,):
            return made.ref
    except ArtifactMissing:
        pass
    on_step("transforming")
    inputs = transform_data.TransformationInputs(snapshot=snapshot)
    return transform_data.run(context.config("transform_data", transform_data.TransformationConfig), inputs, context).ref


def read_features(ref: ArtifactRef, context: RunContext) -> pd.DataFrame:
    """The table in time order, without the split of its last evening."""
    return train_model.load_features(ref, context).drop(columns="split")


def known_on(table: pd.DataFrame, evening: str) -> pd.DataFrame:
    """Rows of the contact days up to an evening (ISO date): all that had landed by then."""
    return table.iloc[: int(table["contact_date"].searchsorted(evening, side="right"))]


def split(known: pd.DataFrame, config: transform_data.TransformationConfig) -> dict[str, pd.DataFrame]:
    """Train, validation and holdout as the transformation cuts them. Raises NotEnoughHistory."""
    sizes = known.groupby("contact_date").size()
    landed = [(date.fromisoformat(str(day)), int(rows)) for day, rows in sizes.items()]
    cut = temporal_split(landed, **config.model_dump(exclude={"rows_per_file"}))
    first, second = (int(known["contact_date"].searchsorted(str(day))) for day in (cut.validation_from, cut.holdout_from))
    return {"train": known.iloc[:first], "validation": known.iloc[first:second], "holdout": known.iloc[second:]}
