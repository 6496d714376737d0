"""The training pipeline in sequence, without Airflow: the same components, the same artifacts, the same content digests."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.components.context import RunContext
from bank_marketing.components.promotion import PromotionArtifact, PromotionConfig

#: The seven steps, in order; the DAG has the same names.
STEPS = ("ingest_data", "validate_data", "transform_data", "train_model", "evaluate_model", "promote_model", "notify_success")


@dataclass
class PipelineRun:
    """What a run made: one reference a step, and how long each took (seconds)."""

    refs: dict[str, ArtifactRef] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def run_step(step: str, refs: dict[str, ArtifactRef], context: RunContext, promotion: PromotionConfig) -> ArtifactRef:
    """Run one step on the references of the steps before it. Raises what the component raises."""
    from bank_marketing.components import evaluation as ev
    from bank_marketing.components import ingestion as ing
    from bank_marketing.components import promotion as pro
    from bank_marketing.components import training as tra
    from bank_marketing.components import transformation as tf
    from bank_marketing.components import validation as val
    from bank_marketing.reporting import report as rep

    steps: dict[str, Callable[[], ArtifactRef]] = {
        "ingest_data": lambda: ing.run(ing.IngestionConfig(), ing.IngestionInputs(), context).ref,
        "validate_data": lambda: (
            val.run(val.ValidationConfig(), val.ValidationInputs(snapshot=refs["ingest_data"]), context).ref
        ),
        "transform_data": lambda: (
            tf.run(
                tf.TransformationConfig(),
                tf.TransformationInputs(snapshot=refs["ingest_data"], validation=refs["validate_data"]),
                context,
            ).ref
        ),
        "train_model": lambda: tra.run(tra.TrainingConfig(), tra.TrainingInputs(features=refs["transform_data"]), context).ref,
        "evaluate_model": lambda: (
            ev.run(
                ev.EvaluationConfig(),
                ev.EvaluationInputs(model=refs["train_model"], features=refs["transform_data"]),
                context,
            ).ref
        ),
        "promote_model": lambda: (
            pro.run(promotion, pro.PromotionInputs(evaluation=refs["evaluate_model"], model=refs["train_model"]), context).ref
        ),
        "notify_success": lambda: rep.run(rep.ReportConfig(), rep.ReportInputs(artifacts=dict(refs)), context).ref,
    }
    return steps[step]()


def run_training(
    context: RunContext,
    promotion: PromotionConfig | None = None,
    *,
    on_step: Callable[[str, float], None] = lambda step, seconds: None,
) -> PipelineRun:
    """Run all seven steps.

    Args:
        context: the run.
        promotion: whether the run may move the registry's stages; by default it may.
        on_step: called after each step with its name and duration in seconds.
    """
    done = PipelineRun()
    for step in STEPS:
        started = time.perf_counter()
        done.refs[step] = run_step(step, done.refs, context, promotion or PromotionConfig())
        done.seconds[step] = time.perf_counter() - started
        on_step(step, done.seconds[step])
    return done


def promotion_of(run: PipelineRun, context: RunContext) -> PromotionArtifact:
    """What a run decided."""
    from bank_marketing.components import promotion as pro

    return pro.load(run.refs["promote_model"], context)
