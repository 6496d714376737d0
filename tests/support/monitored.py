"""A platform with a model in production and its predictions on record, made without Spark."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.components import evaluate_model, promote_model, train_model
from bank_marketing.components.context import RunContext
from bank_marketing.registry.registry import Registry
from bank_marketing.scoring.predictions import PredictionLog, PredictionRecord
from bank_marketing.settings import Settings
from tests.support.features import PRICES, features_table

#: The first hundred days train a model; the others are lived with it.
TABLE = features_table(days=150, rows_a_day=30)
DAYS = [date.fromisoformat(str(day)) for day in TABLE["contact_date"].drop_duplicates()]
TRAINED = DAYS[99]


def settings_of(home: Path) -> Settings:
    return Settings(home=home, landing_settle_seconds=0, **asdict(PRICES))


def known_on(evening: date, table: pd.DataFrame = TABLE) -> pd.DataFrame:
    known = table[table["contact_date"] <= evening].copy()
    place = known["contact_date"].rank(method="dense") / known["contact_date"].nunique()
    known["split"] = ["train" if at < 0.6 else "validation" if at < 0.8 else "holdout" for at in place]
    return known


def publish_features(evening: date, context: RunContext, table: pd.DataFrame = TABLE) -> ArtifactRef:
    """What transform_data publishes on an evening."""
    known = known_on(evening, table)
    with context.stage() as stage:
        (stage.path / "features").mkdir()
        known.to_parquet(stage.path / "features" / "part-0.parquet", index=False)
        state = {"last_contact_day": evening.isoformat(), "contacts_all": len(known)}
        details = {"split": {}, "campaign_state": state, "synthetic": True}
        return context.publish(stage, "transform_data", "features", rows={"rows": len(known)}, details=details).ref


def put_into_production(home: Path) -> None:
    """Train on the first hundred days, and promote."""
    context = RunContext("bank_marketing_training", "first", TRAINED, settings_of(home))
    features = publish_features(TRAINED, context)
    model = train_model.run(train_model.TrainingConfig(), train_model.TrainingInputs(features=features), context).ref
    inputs = evaluate_model.EvaluationInputs(model=model, features=features)
    judged = evaluate_model.run(evaluate_model.EvaluationConfig(resamples=50), inputs, context).ref
    done = promote_model.run(
        promote_model.PromotionConfig(), promote_model.PromotionInputs(evaluation=judged, model=model), context
    )
    assert done.decision == "promoted", done.reasons


def live(evening: date, home: Path, table: pd.DataFrame = TABLE) -> None:
    """Let an evening's outcomes land, and put the predictions of its last twenty days on record."""
    context = RunContext("bank_marketing_training", "nightly", evening, settings_of(home))
    publish_features(evening, context, table)
    registry = Registry(context.settings, context.store)
    version = registry.production()
    model = registry.load(version)
    rows = known_on(evening, table)
    for day in sorted(rows["contact_date"].unique())[-20:]:
        part = rows[rows["contact_date"] == day]
        probabilities = model.predict_proba(part)
        PredictionLog(context.store).append(
            [
                PredictionRecord(
                    prediction_id=f"{day}-{evening:%Y%m%d}-{number}",
                    at=datetime.now(UTC),
                    source="batch",
                    contact_id=contact,
                    model_version=version.version,
                    model_digest=version.digest,
                    input_digest="",
                    features_digest="",
                    probability=float(p),
                    threshold=model.threshold,
                    decision=bool(p >= model.threshold),
                    day=day,
                    who="tester",
                )
                for number, (contact, p) in enumerate(zip(part["contact_id"], probabilities, strict=True))
            ]
        )


def drifted_table() -> pd.DataFrame:
    """The same campaign, called by telephone only from the hundred and first day on."""
    table = TABLE.copy()
    table.loc[table["contact_date"] > TRAINED, "contact"] = "telephone"
    return table
