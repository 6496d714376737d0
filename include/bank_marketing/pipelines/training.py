"""The training pipeline: from landed files to a promoted model and its report.

Options: `promote` (bool, default true: the verdict may move the registry's stages), `who` and `reason` (for the promotion record).
"""

from __future__ import annotations

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.components.context import RunContext
from bank_marketing.pipelines import Options, Refs, Step


def _ingest(refs: Refs, context: RunContext, options: Options) -> ArtifactRef:
    from bank_marketing.components import ingest_data

    return ingest_data.run(
        context.config("ingest_data", ingest_data.IngestionConfig), ingest_data.IngestionInputs(), context
    ).ref


def _validate(refs: Refs, context: RunContext, options: Options) -> ArtifactRef:
    from bank_marketing.components import validate_data

    inputs = validate_data.ValidationInputs(snapshot=refs["ingest_data"])
    return validate_data.run(context.config("validate_data", validate_data.ValidationConfig), inputs, context).ref


def _transform(refs: Refs, context: RunContext, options: Options) -> ArtifactRef:
    from bank_marketing.components import transform_data

    inputs = transform_data.TransformationInputs(snapshot=refs["ingest_data"], validation=refs["validate_data"])
    return transform_data.run(context.config("transform_data", transform_data.TransformationConfig), inputs, context).ref


def _train(refs: Refs, context: RunContext, options: Options) -> ArtifactRef:
    from bank_marketing.components import train_model

    inputs = train_model.TrainingInputs(features=refs["transform_data"])
    return train_model.run(context.config("train_model", train_model.TrainingConfig), inputs, context).ref


def _evaluate(refs: Refs, context: RunContext, options: Options) -> ArtifactRef:
    from bank_marketing.components import evaluate_model

    inputs = evaluate_model.EvaluationInputs(model=refs["train_model"], features=refs["transform_data"])
    return evaluate_model.run(context.config("evaluate_model", evaluate_model.EvaluationConfig), inputs, context).ref


def _promote(refs: Refs, context: RunContext, options: Options) -> ArtifactRef:
    from bank_marketing.components import promote_model

    asked = {name: options[name] for name in promote_model.PromotionConfig.model_fields if name in options}
    inputs = promote_model.PromotionInputs(evaluation=refs["evaluate_model"], model=refs["train_model"])
    return promote_model.run(promote_model.PromotionConfig(**asked), inputs, context).ref


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
