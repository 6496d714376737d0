"""Every DAG file of the project: parsed once, twice and in a process of its own, and compared with what is promised."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.sdk.exceptions import ParamValidationError
from airflow.task.priority_strategy import validate_and_load_priority_weight_strategy
from airflow.utils.dag_version_inflation_checker import check_dag_file_stability

from bank_marketing_airflow.campaigns import campaign_environment, settings_of
from bank_marketing_airflow.mail import FailureMail, RunFailureMail
from bank_marketing_airflow.recovered import RetryNote
from bank_marketing_airflow.retry import RETRY_POLICY
from scripts.environment import PROJECT
from tests.dags.expectations import EXPECTED, Expected
from tests.support import airflow_home
from tests.support.parsed_dags import serialized

DAGS = PROJECT / "dags"
FILES = sorted(DAGS.glob("*.py"))

#: What identifies a file's or a process's parse and says nothing about the DAG.
PLACES = {"fileloc", "_processor_dags_folder", "relative_fileloc"}


@pytest.fixture(scope="module")
def bag() -> DagBag:
    """All DAGs of dags/, parsed with the plugins."""
    return DagBag(str(DAGS))


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The same files, parsed by a fresh process with other hashes of strings."""
    home = tmp_path_factory.mktemp("parse")
    told = airflow_home.environment(home, home, PYTHONHASHSEED="4")
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.parsed_dags", str(DAGS)],
        env=told, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    told_back: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told_back


each_dag = pytest.mark.parametrize(
    ("dag_id", "expected"), [pytest.param(dag_id, expected, id=dag_id) for dag_id, expected in EXPECTED.items()]
)


def found(bag: DagBag, dag_id: str) -> DAG:
    dag = bag.dags[dag_id]
    assert dag is not None
    return dag


def test_all_files_are_imported_and_give_exactly_the_promised_dags(bag: DagBag) -> None:
    assert bag.import_errors == {}
    assert set(bag.dags) == {f"bank_marketing_{path.stem}" for path in FILES}, "a DAG's file has the DAG's purpose as its name"
    assert set(bag.dags) == set(EXPECTED), "a new DAG gets its row in tests/dags/expectations.py"


def test_each_campaign_has_its_own_dags_assets_and_artifacts(
    tmp_path_factory: pytest.TempPathFactory, bag: DagBag, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BANK_CAMPAIGNS", "bank_marketing, bank_full")
    both = DagBag(str(DAGS))
    assert both.import_errors == {}
    assert set(both.dags) == {f"{campaign}_{path.stem}" for campaign in ("bank_marketing", "bank_full") for path in FILES}
    for dag_id in bag.dags:
        other = dag_id.replace("bank_marketing", "bank_full")
        assert found(both, other).task_ids == found(bag, dag_id).task_ids
        assert found(both, other).tags == {"bank-full", *found(bag, dag_id).tags} - {"bank-marketing"}
    made = [{asset.name for task in found(both, dag_id).tasks for asset in task.outlets} for dag_id in both.dags]
    assert len(set().union(*made)) == sum(map(len, made)), "no asset is two campaigns'"
    trigger = found(both, "bank_full_drift_retraining").get_task("trigger_retraining")
    assert trigger.trigger_dag_id == "bank_full_training"
    places = [settings_of(f"{name}_training") for name in ("bank_full", "bank_marketing")]
    assert [(place.campaign, place.model_name) for place in places] == [("bank_full",) * 2, ("bank_marketing",) * 2]
    assert campaign_environment("bank_full_training")["BANK_CAMPAIGN"] == "bank_full"
    assert campaign_environment("bank_marketing_training") == {"BANK_CAMPAIGN": "bank_marketing"}
    assert len({place.artifacts for place in places}) == len({place.landing for place in places}) == 2


def test_the_list_goes_before_the_training_and_the_past_comes_last(bag: DagBag) -> None:
    """What people wait for has the place in a full pool."""

    def weight(dag_id: str, task_id: str, run_id: str) -> int:
        task = found(bag, dag_id).get_task(task_id)
        strategy = validate_and_load_priority_weight_strategy(task.weight_rule)
        return strategy.get_weight(SimpleNamespace(task=task, run_id=run_id))  # type: ignore[arg-type]

    score = weight("bank_marketing_batch_scoring", "score_prospects", "scheduled__1")
    train = weight("bank_marketing_training", "transform_data", "scheduled__1")
    backfills = {
        weight(dag_id, task.task_id, "backfill__2010-06-30") for dag_id in bag.dags for task in found(bag, dag_id).tasks
    }
    clean = weight("bank_marketing_maintenance", "prune_logs", "scheduled__1")
    assert score > train > clean > max(backfills)
    assert weight("bank_marketing_batch_scoring", "select_model", "manual__1") == score, "the same in all of a DAG's tasks"


@each_dag
def test_tasks_follow_each_other_in_the_promised_order(bag: DagBag, dag_id: str, expected: Expected) -> None:
    dag = found(bag, dag_id)
    assert set(dag.task_ids) == (expected.tasks or set(expected.chain))
    for before, after in pairwise(expected.chain):
        assert after in {task.task_id for task in dag.get_task(before).get_flat_relatives()}, f"{before} -> {after}"


@each_dag
def test_a_failed_task_is_the_end_of_its_run(bag: DagBag, dag_id: str, expected: Expected) -> None:
    """A leaf that runs whatever happened would turn a failed run green."""
    for task in found(bag, dag_id).tasks:
        if not task.downstream_list:
            assert task.trigger_rule.value not in ("all_done", "one_done", "always"), task.task_id


@each_dag
def test_nothing_is_done_after_a_failure(bag: DagBag, dag_id: str, expected: Expected) -> None:
    """A model is promoted after all before it has succeeded, and never because the rest is merely done."""
    rules = {task.task_id: task.trigger_rule.value for task in found(bag, dag_id).tasks}
    others = {task_id: rule for task_id, rule in rules.items() if rule != "all_success"}
    assert others == ({"notify_decision": "none_failed_min_one_success"} if dag_id.endswith("_drift_retraining") else {})


def test_a_decision_is_reported_whether_or_not_it_starts_a_training(bag: DagBag) -> None:
    """With the skipped trigger as its one task upstream, a report that asks for one success would be skipped as well."""
    report = found(bag, "bank_marketing_drift_retraining").get_task("notify_decision")
    assert report.upstream_task_ids == {"decide_retraining", "trigger_retraining"}


@each_dag
def test_runs_do_not_disturb_each_other_and_end(bag: DagBag, dag_id: str, expected: Expected) -> None:
    dag = found(bag, dag_id)
    assert dag.max_active_runs == 1
    assert dag.catchup is False
    assert dag.dagrun_timeout is not None
    assert timedelta(0) < dag.dagrun_timeout <= expected.run_timeout


@each_dag
def test_every_task_retries_what_may_pass_and_has_an_end(bag: DagBag, dag_id: str, expected: Expected) -> None:
    dag = found(bag, dag_id)
    for task in dag.tasks:
        assert task.retries >= 2, task.task_id
        assert task.retry_exponential_backoff, task.task_id
        assert timedelta(0) < task.retry_delay < task.max_retry_delay <= timedelta(minutes=30), task.task_id
        assert task.retry_policy is RETRY_POLICY, task.task_id
        assert task.execution_timeout is not None, task.task_id
        assert dag.dagrun_timeout is not None
        assert task.execution_timeout < dag.dagrun_timeout, task.task_id


@each_dag
def test_every_task_tells_somebody_when_it_fails(bag: DagBag, dag_id: str, expected: Expected) -> None:
    for task in found(bag, dag_id).tasks:
        assert [type(callback) for callback in task.on_failure_callback] == [FailureMail], task.task_id
        assert [type(callback) for callback in task.on_retry_callback] == [RetryNote], (
            "no mail while retries remain, but a note"
        )
    callbacks = found(bag, dag_id).on_failure_callback
    assert [type(callback) for callback in (callbacks if isinstance(callbacks, list) else [callbacks])] == [RunFailureMail]


@each_dag
def test_people_find_the_dag_and_its_owner(bag: DagBag, dag_id: str, expected: Expected) -> None:
    dag = found(bag, dag_id)
    assert dag.tags == {"bank-marketing", expected.tag}
    assert {task.owner for task in dag.tasks} == {"ml-platform"}
    assert dag.description
    assert dag.doc_md
    assert "docs/runbooks.md" in dag.doc_md


@each_dag
def test_spark_jobs_wait_for_a_pool_that_the_settings_declare(bag: DagBag, dag_id: str, expected: Expected) -> None:
    dag = found(bag, dag_id)
    assert {task.task_id for task in dag.tasks if task.pool == "spark"} == expected.spark
    assert {task.pool for task in dag.tasks} <= {"default_pool", *airflow_home.pools()}


@each_dag
def test_what_is_made_is_announced(bag: DagBag, dag_id: str, expected: Expected) -> None:
    outlets = {task.task_id: tuple(asset.name for asset in task.outlets) for task in found(bag, dag_id).tasks if task.outlets}
    assert outlets == expected.outlets


@each_dag
def test_the_trigger_form_is_typed_described_and_refuses_nonsense(bag: DagBag, dag_id: str, expected: Expected) -> None:
    params = found(bag, dag_id).params
    assert set(params) == set(expected.params)
    for name, nonsense in expected.params.items():
        param = params.get_param(name)
        assert param.schema.get("title"), name
        assert param.schema.get("type") or param.schema.get("enum"), name
        param.resolve()
        if param.value in (None, ""):  # the form makes a field without "null" a required one, and disables its button
            assert "null" in param.schema["type"], f"{name} could not be left empty"
        with pytest.raises(ParamValidationError):
            param.resolve(nonsense)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_airflow_finds_nothing_that_changes_from_parse_to_parse(path: Path) -> None:
    unstable = check_dag_file_stability(str(path)).get_error_format_dict(str(path), str(DAGS))
    assert unstable is None, unstable


def test_two_parses_give_the_same_dags(elsewhere: dict[str, Any]) -> None:
    """Else each parse is a new version of the DAG."""
    here = serialized(DAGS)["dags"]
    for dag_id, dag in elsewhere["dags"].items():
        one, other = (
            {name: value for name, value in told["dag"].items() if name not in PLACES} for told in (dag, here[dag_id])
        )
        assert one == other, dag_id


def test_parsing_loads_nothing_heavy_and_is_quick(elsewhere: dict[str, Any]) -> None:
    assert elsewhere["errors"] == {}
    assert elsewhere["heavy"] == []
    # A ratio, because machines differ: measured 0.15 of what importing Airflow itself costs.
    assert elsewhere["parse_seconds"] < elsewhere["airflow_seconds"], elsewhere["parse_seconds"]
