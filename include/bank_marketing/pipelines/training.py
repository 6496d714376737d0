"""The training pipeline: from landed files to a promoted model and its report.

Options: `promote` (bool, default true: the verdict may move the registry's stages), `who` and `reason` (for the promotion record).
"""

from __future__ import annotations

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.components.context import RunContext
from bank_marketing.pipelines import Options, Refs, Step


def _ingest(refs: Refs, context: RunContext, options: Options) -> ArtifactRef:
    from bank_marketing.components import ingestion

    return ingestion.run(context.config("ingest_data", ingestion.IngestionConfig), ingestion.IngestionInputs(), context).ref


def _validate(refs: Refs, context: RunContext, options: Options) -> ArtifactRef:
    from bank_marketing.components import validation

    inputs = validation.ValidationInputs(snapshot=refs["ingest_data"])
    return validation.run(context.config("validate_data", validation.ValidationConfig), inputs, context).ref


def _transform(refs: Refs, context: RunContext, options: Options) -> ArtifactRef:
    from bank_marketing.components import transformation

    inputs = transformation.TransformationInputs(snapshot=refs["ingest_data"], validation=refs["validate_data"])
    return transformation.run(context.config("transform_data", transformation.TransformationConfig), inputs, context).ref


def _train(refs: Refs, context: RunContext, options: Options) -> ArtifactRef:
    from bank_marketing.components import training

    inputs = training.TrainingInputs(features=refs["transform_data"])
    return training.run(context.config("train_model", training.TrainingConfig), inputs, context).ref


def _evaluate(refs: Refs, context: RunContext, options: Options) -> ArtifactRef:
    from bank_marketing.components import evaluation

    inputs = evaluation.EvaluationInputs(model=refs["train_model"], features=refs["transform_data"])
    return evaluation.run(context.config("evaluate_model", evaluation.EvaluationConfig), inputs, context).ref


def _promote(refs: Refs, context: RunContext, options: Options) -> ArtifactRef:
    from bank_marketing.components import promotion

    asked = {name: options[name] for name in promotion.PromotionConfig.model_fields if name in options}
    inputs = promotion.PromotionInputs(evaluation=refs["evaluate_model"], model=refs["train_model"])
    return promotion.run(promotion.PromotionConfig(**asked), inputs, context).ref


def _notify(refs: Refs, context: RunContext, options: Options) -> ArtifactRef:
    from bank_marketing.reporting import report

    return report.run(report.ReportConfig(), report.ReportInputs(artifacts=dict(refs)), context).ref


STEPS: dict[str, Step] = {
    "ingest_data": _ingest,
    "validate_data": _validate,
    "transform_data": _transform,
    "train_model": _train,
    "evaluate_model": _evaluate,
    "promote_model": _promote,
    "notify_success": _notify,
}
