"""A person's word before production: asked only where there is something to decide, and a no is on record."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bank_marketing.artifacts import ArtifactRef, open_store
from bank_marketing.components import evaluate_model, promote_model, train_model
from bank_marketing.components.context import RunContext
from bank_marketing.errors import NoProductionModel, RegistryUnavailable
from bank_marketing.registry import records
from bank_marketing.registry.registry import Registry
from bank_marketing_airflow.approval import APPROVE, PATIENCE, REJECT, PromotionOperator
from bank_marketing_airflow.assets import assets_of
from bank_marketing_airflow.run_context import run_context
from tests.support import monitored
from tests.support.mlflow_server import free_port
from tests.support.monitored import TRAINED
from tests.support.task_context import task_context

PRODUCTION_MODEL = assets_of("bank_marketing").production_model

#: What Airflow's scheduler hands back, and the words of the record.
ANNA = {"id": "7", "name": "anna"}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, str]]]:
    """A platform without a model in production, and a candidate that its judge wants there."""
    home = tmp_path_factory.mktemp("approval")
    context = RunContext("bank_marketing_training", "manual__1", TRAINED, monitored.settings_of(home))
    features = monitored.publish_features(TRAINED, context)
    model = train_model.run(train_model.TrainingConfig(), train_model.TrainingInputs(features=features), context).ref
    inputs = evaluate_model.EvaluationInputs(model=model, features=features)
    verdict = evaluate_model.run(evaluate_model.EvaluationConfig(resamples=50), inputs, context)
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


def operator(refs: dict[str, dict[str, str]]) -> PromotionOperator:
    return PromotionOperator(task_id="promote_model", refs=refs, outlets=[PRODUCTION_MODEL])


def answer(option: str, who: Any = ANNA) -> dict[str, Any]:
    """What Airflow hands over when somebody has answered, or nobody in time (`who` is None)."""
    return {
        "chosen_options": [option], "params_input": {}, "responded_at": datetime(2010, 7, 1, tzinfo=UTC), "responded_by_user": who,
    }  # fmt: skip


def registry_in(home: Path) -> Registry:
    settings = monitored.settings_of(home)
    return Registry(settings, open_store(settings))


def test_nobody_is_asked_in_a_run_that_does_not_promote(refs: dict[str, dict[str, str]]) -> None:
    """Asking needs Airflow: without it this would raise."""
    ref = operator(refs).execute(context(approval=True, promote="no"))
    made = promote_model.load(ArtifactRef.model_validate(ref), run_context(context(approval=True, promote="no")))
    assert made.decision == "skipped"


def test_silence_is_a_no() -> None:
    assert operator({}).defaults == [REJECT]
    assert operator({}).response_timeout == PATIENCE


@pytest.mark.parametrize(
    ("option", "who", "says"),
    [(REJECT, ANNA, "Not approved by anna."), (REJECT, None, "Not approved by anybody in time."),
     (APPROVE, None, "Not approved by anybody in time.")],
    ids=["no", "no answer in time", "a yes that nobody gave"],
)  # fmt: skip
def test_a_no_keeps_the_candidate_out_on_record(
    option: str, who: Any, says: str, judged: tuple[Path, dict[str, dict[str, str]]], refs: dict[str, dict[str, str]]
) -> None:
    registry = registry_in(judged[0])
    asked = operator(refs)
    asked.execute_complete(context(f"{option}_{bool(who)}"), answer(option, who))
    with pytest.raises(NoProductionModel):
        registry.production()
    record = records.history(registry.store)[-1]
    assert (record.action, record.approval) == ("rejected", "refused")
    assert says in record.reasons
    assert record.who.startswith("anna, " if who else "anybody in time, ")
    assert asked.outlets == [], "production did not change: no event"
    asked_nobody = operator(refs)
    asked_nobody.execute(context("retraining__1"))
    with pytest.raises(NoProductionModel):
        registry.production()


def test_a_retry_asks_nobody_again_and_the_yes_that_was_given_holds(
    judged: tuple[Path, dict[str, dict[str, str]]], refs: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = registry_in(judged[0])
    with monkeypatch.context() as broken:
        broken.setenv("BANK_MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_port()}")
        broken.setenv("BANK_REGISTRY_TIMEOUT_SECONDS", "1")
        with pytest.raises(RegistryUnavailable):
            operator(refs).execute_complete(context("manual__2", approval=True), answer(APPROVE))
    approved = operator(refs)
    approved.execute(context("manual__2", approval=True))
    assert registry.production().version == 1
    record = records.history(registry.store)[-1]
    assert (record.action, record.approval) == ("promoted", "approved")
    assert (record.reasons[0], record.who) == ("Approved by anna.", "anna, airflow:bank_marketing_training")
    assert approved.outlets == [PRODUCTION_MODEL]
    answers = list((judged[0] / "artifacts").rglob("answers/*"))
    assert answers == [], "a later clearing of the task asks anew"
