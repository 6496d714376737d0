"""The scoring pipeline: from the model in production to tomorrow's call list.

Options: `file` (a list in the landing zone's inbox; default: the list of the next contact day after `as_of`), `day` (of the calls of
such a list, ISO; default: the next working day), `list_size`
(clients on the whole list of which that list is a part) and `who`.
"""

from __future__ import annotations

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.components.context import RunContext
from bank_marketing.pipelines import Options, Refs, Step


def _select(refs: Refs, context: RunContext, options: Options) -> ArtifactRef:
    from bank_marketing.scoring import selection

    return selection.run(selection.SelectionConfig(), selection.SelectionInputs(), context).ref


def _validate(refs: Refs, context: RunContext, options: Options) -> ArtifactRef:
    from bank_marketing.scoring import prospects

    asked = {name: options[name] for name in ("file", "day", "list_size") if options.get(name)}
    config = context.config("validate_prospects", prospects.ProspectsConfig, **asked)
    return prospects.run(config, prospects.ProspectsInputs(), context).ref


def _score(refs: Refs, context: RunContext, options: Options) -> ArtifactRef:
    from bank_marketing.scoring import batch

    inputs = batch.ScoringInputs(model=refs["select_model"], prospects=refs["validate_prospects"])
    return batch.run(context.config("score_prospects", batch.ScoringConfig), inputs, context).ref


def _publish(refs: Refs, context: RunContext, options: Options) -> ArtifactRef:
    from bank_marketing.scoring import call_list

    inputs = call_list.CallListInputs(
        model=refs["select_model"], prospects=refs["validate_prospects"], scores=refs["score_prospects"]
    )
    asked = {"who": str(options["who"])} if options.get("who") else {}
    config = context.config("publish_call_list", call_list.CallListConfig, **asked)
    return call_list.run(config, inputs, context).ref


def _notify(refs: Refs, context: RunContext, options: Options) -> ArtifactRef:
    from bank_marketing.scoring import notice

    inputs = notice.NoticeInputs(call_list=refs["publish_call_list"], prospects=refs["validate_prospects"])
    return notice.run(notice.NoticeConfig(), inputs, context).ref


STEPS: dict[str, Step] = {
    "select_model": _select,
    "validate_prospects": _validate,
    "score_prospects": _score,
    "publish_call_list": _publish,
    "notify_scored": _notify,
}
