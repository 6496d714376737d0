"""A person's no outlives the machine's next try: what was refused or rolled back returns by a person's word alone."""

from __future__ import annotations

import pytest

from bank_marketing.components import evaluate_model, promote_model, train_model
from bank_marketing.components.context import RunContext
from bank_marketing.registry import records
from tests.components.test_models import CHOICE, DAY, MakeContext, champion, judge, push, registry_of, train
from tests.support.features import features_table

__all__ = ["champion"]

YES, NO = {"approved": "Approved by anna."}, {"refused": "Not approved by anna."}


def candidate(
    make_context: MakeContext, run_id: str
) -> tuple[RunContext, train_model.ModelArtifact, evaluate_model.EvaluationArtifact]:
    """The same better candidate, trained again by another run: another version never, the same digest always."""
    context = make_context(DAY, run_id)
    model = train(context, features_table())
    judged = judge(context, model)
    assert judged.verdict.promote
    return context, model, judged


def answered(make_context: MakeContext, run_id: str, **word: str) -> promote_model.PromotionArtifact:
    context, model, judged = candidate(make_context, run_id)
    inputs = promote_model.PromotionInputs(evaluation=judged.ref, model=model.ref)
    return promote_model.run(promote_model.PromotionConfig(who="anna, tester", reason="a test", **word), inputs, context)


def test_a_refused_version_does_not_return_in_a_run_that_asks_nobody(champion: RunContext, make_context: MakeContext) -> None:
    refused = answered(make_context, "asked", **NO)
    assert (refused.decision, refused.version) == ("rejected", 2)
    again = push(*candidate(make_context, "retraining"))
    assert (again.decision, again.version, again.to_version) == ("rejected", 2, 1)
    assert again.reasons[0].startswith("Version 2 stays out: anna, tester kept it out of production on 20")
    assert "bank-marketing rollback --to 2" in again.reasons[0]
    assert registry_of(champion).production().version == 1
    third = push(*candidate(make_context, "third"))
    assert third.decision == "rejected", "the machine's own rejection is no person's word"


def test_a_version_that_was_rolled_back_does_not_return_by_itself(champion: RunContext, make_context: MakeContext) -> None:
    assert push(*candidate(make_context, "better")).decision == "promoted"
    registry_of(champion).rollback(1, reason="complaints", who="auditor")
    again = push(*candidate(make_context, "next night"))
    assert (again.decision, again.to_version) == ("rejected", 1)
    assert "auditor rolled it back" in again.reasons[0]


def test_a_person_brings_it_back_and_then_it_is_free(champion: RunContext, make_context: MakeContext) -> None:
    answered(make_context, "asked", **NO)
    approved = answered(make_context, "asked again", **YES)
    assert (approved.decision, approved.to_version) == ("promoted", 2)
    assert records.history(champion.store)[-1].approval == "approved"
    assert records.refusal(records.history(champion.store), 2) is None


def test_a_rollback_to_a_refused_version_is_a_persons_word_too(champion: RunContext, make_context: MakeContext) -> None:
    answered(make_context, "asked", **NO)
    registry_of(champion).rollback(2, reason="we changed our minds", who="anna")
    told = records.history(champion.store)
    assert records.refusal(told, 2) is None
    barred = records.refusal(told, 1)
    assert barred is not None, "what is rolled back from stays out"
    assert barred.action == "rolled_back"


def test_another_model_is_another_question(champion: RunContext, make_context: MakeContext) -> None:
    answered(make_context, "asked", **NO)
    context = make_context(DAY, "other")
    other = train(context, features_table(), CHOICE.model_copy(update={"hyper_parameters": {"C": 0.2}}))
    done = push(context, other, judge(context, other))
    assert (done.decision, done.version) == ("promoted", 3)


@pytest.mark.parametrize("word", [{}, NO], ids=["the machine's", "a person's"])
def test_a_retry_records_a_rejection_once(word: dict[str, str], champion: RunContext, make_context: MakeContext) -> None:
    answered(make_context, "asked", **NO)
    before = len(records.history(champion.store))
    context, model, judged = candidate(make_context, "tried twice")
    inputs = promote_model.PromotionInputs(evaluation=judged.ref, model=model.ref)
    for _ in range(2):
        promote_model.run(promote_model.PromotionConfig(who="tester", **word), inputs, context)
    assert len(records.history(champion.store)) == before + 1
