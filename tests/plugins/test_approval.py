"""A person's word before production: asked only where there is something to decide, and a no is on record."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from bank_marketing.artifacts import open_store
from bank_marketing.components import evaluation, training
from bank_marketing.components.context import RunContext
from bank_marketing.errors import NoProductionModel
from bank_marketing.registry import records
from bank_marketing.registry.registry import Registry
from bank_marketing_airflow.approval import PromotionApproval, PromotionOperator
from bank_marketing_airflow.assets import PRODUCTION_MODEL
from tests.support import monitored
from tests.support.monitored import TRAINED
from tests.support.task_context import task_context

#: What Airflow's scheduler hands back, and the words of the record.
ANNA = {"id": "7", "name": "anna"}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, str]]]:
    """A platform without a model in production, and a candidate that its judge wants there."""
    home = tmp_path_factory.mktemp("approval")
    context = RunContext("bank_marketing_training", "manual__1", TRAINED, monitored.settings_of(home))
    features = monitored.publish_features(TRAINED, context)
    model = training.run(training.TrainingConfig(), training.TrainingInputs(features=features), context).ref
    inputs = evaluation.EvaluationInputs(model=model, features=features)
    verdict = evaluation.run(evaluation.EvaluationConfig(resamples=50), inputs, context)
    assert verdict.verdict.promote
    return home, {"train_model": model.model_dump(), "evaluate_model": verdict.ref.model_dump()}


@pytest.fixture
def refs(judged: tuple[Path, dict[str, dict[str, str]]], monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, str]]:
    monkeypatch.setenv("BANK_HOME", str(judged[0]))
    monkeypatch.delenv("BANK_ARTIFACT_ROOT", raising=False)
    return judged[1]


def context(run_id: str = "manual__1", **params: Any) -> Any:
    asked = {"as_of": str(TRAINED), "promote": "auto", "reason": None} | params
    told = task_context("promote_model", params=asked, run_id=run_id)
    return told | {"outlet_events": defaultdict(lambda: SimpleNamespace(extra={}))}


def promote(refs: dict[str, dict[str, str]], approval: dict[str, Any] | None, run_id: str) -> PromotionOperator:
    operator = PromotionOperator(task_id="promote_model", refs=refs, approval=approval, outlets=[PRODUCTION_MODEL])
    operator.execute(context(run_id))
    return operator


@pytest.mark.parametrize(
    ("params", "says"), [({"approval": False}, "`approval` is off"), ({"approval": True, "promote": "no"}, "does not promote")]
)
def test_nobody_is_asked_where_nothing_is_to_decide(params: dict[str, Any], says: str, refs: dict[str, dict[str, str]]) -> None:
    with pytest.raises(AirflowSkipException, match=says):
        PromotionApproval(task_id="approve_promotion", refs=refs).execute(context(**params))


@pytest.mark.parametrize(
    ("option", "who", "told"),
    [
        ("Approve", ANNA, {"approved": True, "by": "anna"}),
        ("Reject", ANNA, {"approved": False, "by": "anna"}),
        ("Reject", None, {"approved": False, "by": ""}),
    ],
    ids=["yes", "no", "no answer in time"],
)
def test_an_answer_becomes_a_small_record(option: str, who: Any, told: dict[str, Any]) -> None:
    event = {
        "chosen_options": [option], "params_input": {}, "responded_at": datetime(2010, 7, 1, tzinfo=UTC), "responded_by_user": who,
    }  # fmt: skip
    assert PromotionApproval(task_id="approve_promotion", refs={}).execute_complete(context(), event) == told


def test_a_no_keeps_the_candidate_out_on_record_and_a_yes_puts_it_in(
    judged: tuple[Path, dict[str, dict[str, str]]], refs: dict[str, dict[str, str]]
) -> None:
    settings = monitored.settings_of(judged[0])
    registry = Registry(settings, open_store(settings))
    refused = promote(refs, {"approved": False, "by": "anna"}, "manual__1")
    with pytest.raises(NoProductionModel):
        registry.production()
    [record] = records.history(registry.store)
    assert record.action == "rejected"
    assert record.who.startswith("anna, ")
    assert "Not approved by anna." in record.reasons
    assert refused.outlets == [], "production did not change: no event"
    approved = promote(refs, {"approved": True, "by": "anna"}, "manual__2")
    assert registry.production().version == 1
    assert records.history(registry.store)[-1].reasons[0] == "Approved by anna."
    assert approved.outlets == [PRODUCTION_MODEL]
