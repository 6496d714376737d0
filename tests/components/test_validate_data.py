"""Validation of a snapshot: what it finds, what it stops, what it remembers, and what it says."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.artifacts.local import path_of
from bank_marketing.components import ingest_data, validate_data
from bank_marketing.components.context import RunContext
from bank_marketing.components.validate_data import ValidationArtifact, ValidationConfig, ValidationInputs
from bank_marketing.errors import ContractViolation
from bank_marketing.etl.snapshot import Superseded
from bank_marketing.settings import Settings
from tests.support.clean import clean_rows, publish_snapshot
from tests.support.landed import land_days

DAYS = [date(2010, 4, 26) + timedelta(days=number) for number in range(60) if number % 7 in (0, 2, 4)]
AS_OF = DAYS[-1]

ROWS_A_DAY = 40

Make = Callable[..., RunContext]


@pytest.fixture(scope="session")
def empty_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's database with its tables: making them takes seconds."""
    from bank_marketing.registry.tracking import connect

    settings = Settings(home=tmp_path_factory.mktemp("registry"))
    connect(settings)
    return Path(settings.tracking_uri.removeprefix("sqlite:///"))


@pytest.fixture
def context(make_context: Make, settings: Settings, empty_registry: Path) -> RunContext:
    target = Path(settings.tracking_uri.removeprefix("sqlite:///"))
    target.parent.mkdir(parents=True)
    shutil.copy(empty_registry, target)
    return make_context(AS_OF)


@pytest.fixture
def rows() -> pd.DataFrame:
    return clean_rows(DAYS, ROWS_A_DAY)


def again(context: RunContext, run_id: str) -> RunContext:
    return RunContext(dag_id=context.dag_id, run_id=run_id, as_of=context.as_of, settings=context.settings)


def validate(context: RunContext, rows: pd.DataFrame, **changes: Any) -> ValidationArtifact:
    snapshot = publish_snapshot(context, rows, **changes)
    return validate_data.run(ValidationConfig(), ValidationInputs(snapshot=snapshot), context)


def content(context: RunContext, ref: ArtifactRef, name: str = "result.json") -> Any:
    return json.loads(context.store.read_bytes(f"{ref.uri}/{name}"))


def remembered(context: RunContext) -> list[Path]:
    return sorted(path_of(context.store.uri(validate_data.REMEMBERED)).glob("*.json"))


def test_a_good_snapshot_passes_and_leaves_its_evidence(context: RunContext, rows: pd.DataFrame) -> None:
    artifact = validate(context, rows, warnings={"success_has_a_date": 2})
    assert (artifact.passed, artifact.warnings) == (True, [])
    assert content(context, artifact.ref) == {
        "passed": True,
        "rules_checked": 70,
        "chunks": 3,
        "failures": [],
        "warnings": [],
        "ingestion_warnings": {"success_has_a_date": 2 * len(DAYS)},
    }
    manifest = context.store.verify(artifact.ref)
    assert manifest.rows == {"rows": len(rows)}
    assert {entry.path for entry in manifest.files if not entry.volatile} == {"result.json"}
    assert context.store.exists(artifact.data_docs_uri)
    assert validate_data.load(artifact.ref, context) == artifact


def test_what_ingestion_made_of_landed_files_passes(context: RunContext, settings: Settings, spark: object) -> None:
    land_days(settings.landing, DAYS[:3], rows_a_day=20)
    snapshot = ingest_data.run(ingest_data.IngestionConfig(), ingest_data.IngestionInputs(), context)
    assert validate_data.run(ValidationConfig(), ValidationInputs(snapshot=snapshot.ref), context).passed


@pytest.mark.parametrize(("later", "silent"), [(0, 0), (2, 2), (5, 3), (84, 60)], ids=str)
def test_a_feed_that_stops_is_a_finding(
    later: int, silent: int, context: RunContext, make_context: Make, rows: pd.DataFrame
) -> None:
    """The last contact day is a Wednesday: two working days are nothing to speak of, sixty are not yet the end."""
    late = make_context(AS_OF + timedelta(days=later))
    found = validate(late, rows)
    assert found.passed
    says = f"feed_is_fresh in {late.as_of:%Y-%m}: observed {silent} working days without contacts since {AS_OF}"
    assert [entry.startswith(f"{says}, allowed up to 2; more than 60 stop a run") for entry in found.warnings] == [True] * (
        silent > 2
    )


def test_what_is_trained_on_a_feed_that_has_ended_is_nothing_new(
    context: RunContext, make_context: Make, rows: pd.DataFrame
) -> None:
    late = make_context(AS_OF + timedelta(days=85))
    with pytest.raises(ContractViolation, match=f"observed 61 working days without contacts since {AS_OF}") as caught:
        validate(late, rows)
    assert (caught.value.rule, caught.value.location) == (
        "feed_is_fresh",
        f"{context.settings.landing}/contacts/dt={late.as_of:%Y-%m}-*, column contact_date",
    )


def test_a_broken_critical_rule_stops_the_run_and_says_all_that_is_needed(context: RunContext, rows: pd.DataFrame) -> None:
    victims = rows.index[rows["contact_date"].isin([date(2010, 5, 3), date(2010, 5, 4)])][:7]
    rows.loc[victims, "age"] = 150
    with pytest.raises(ContractViolation) as caught:
        validate(context, rows)
    uri = f"{context.component_uri('validate_data')}/data_docs/index.html"
    assert str(caught.value) == (
        "1 critical rule(s) of the data contract are broken. range(age) in 2010-05: observed 150, allowed integer 17..110 years; "
        f"7 of 520 rows on 2010-05-03 (contacts {', '.join(rows.loc[victims[:5], 'contact_id'])}). Nothing was trained on these "
        f"data. Data Docs: {uri}"
    )
    assert (caught.value.rule, caught.value.location) == (
        "range(age)",
        f"{context.settings.landing}/contacts/dt=2010-05-*, column age",
    )
    assert context.store.exists(uri)
    assert not caught.value.retryable


def test_the_artifact_of_a_stopped_run_is_there_with_data_docs_of_the_broken_month(
    context: RunContext, rows: pd.DataFrame
) -> None:
    rows.loc[0, "job"] = "astronaut"
    with pytest.raises(ContractViolation):
        validate(context, rows)
    uri = context.component_uri("validate_data")
    artifact = validate_data.load(context.store.manifest(uri).ref, context)
    assert not artifact.passed
    assert [entry["rule"] for entry in content(context, artifact.ref)["failures"]] == ["category(job)"]
    pages = [path.name for path in path_of(f"{uri}/data_docs/validations").rglob("*.html")]
    assert sorted(pages) == ["clean_zone-2010-04.html", "clean_zone-2010-06.html"]


def test_a_broken_warning_rule_is_carried_and_stops_nothing(context: RunContext, rows: pd.DataFrame) -> None:
    rows.loc[rows["contact_date"] == DAYS[0], "cons_price_idx"] = 300.0
    artifact = validate(context, rows)
    assert artifact.passed
    assert [entry["rule"] for entry in content(context, artifact.ref)["warnings"]] == ["range(cons_price_idx)"]
    (warning,) = artifact.warnings
    assert warning.startswith(
        "range(cons_price_idx) in 2010-04: observed 300.0, allowed double 80..120 index; 40 of 120 rows on"
    )


def test_a_day_of_which_nothing_is_clean_is_a_warning(context: RunContext, rows: pd.DataFrame) -> None:
    artifact = validate(context, rows, nothing_clean=[date(2010, 5, 4)])
    assert artifact.passed
    assert artifact.warnings == [
        (
            "rows_a_day in 2010-05: observed 0, allowed 1..50000 (a day's volume; the call centre never made more than 822 calls a "
            "day); 0 rows on 2010-05-04"
        )
    ]


def test_a_contact_that_landed_again_breaks_nothing(context: RunContext, rows: pd.DataFrame) -> None:
    earlier, later = DAYS[0], DAYS[2]
    twice = rows[rows["contact_date"] == later].iloc[[0]].assign(contact_date=earlier, age=99)
    rows = pd.concat([rows, twice], ignore_index=True)
    contact_id = twice["contact_id"].item()
    superseded = Superseded(contact_id=contact_id, kept=later, dropped=earlier, identical=False)
    assert validate(context, rows, superseded=[superseded]).passed
    with pytest.raises(ContractViolation, match=r"unique\(contact_id\)"):
        validate(again(context, "no-one-noticed"), rows)


def test_a_month_is_validated_once(context: RunContext, rows: pd.DataFrame) -> None:
    first = validate(context, rows)
    memory = {path: path.stat().st_mtime_ns for path in remembered(context)}
    assert len(memory) == 3
    second = validate(again(context, "later"), rows)
    written = [path for path in remembered(context) if path.stat().st_mtime_ns != memory.get(path)]
    assert len(written) == 1  # the newest month, for its Data Docs
    assert second.ref.digest == first.ref.digest


def test_what_is_remembered_is_used(context: RunContext, rows: pd.DataFrame) -> None:
    rows.loc[0, "age"] = 150
    with pytest.raises(ContractViolation):
        validate(context, rows)
    (broken,) = [path for path in remembered(context) if path.read_text() != "[]"]
    broken.write_text("[]")
    assert validate(again(context, "later"), rows).passed


def test_a_corrected_day_validates_its_month_again(context: RunContext, rows: pd.DataFrame) -> None:
    bad = rows.copy()
    bad.loc[0, "age"] = 150
    with pytest.raises(ContractViolation):
        validate(context, bad)
    before = set(remembered(context))
    assert validate(again(context, "corrected"), rows).passed
    assert len(set(remembered(context)) - before) == 1


def test_the_digest_does_not_depend_on_what_was_validated_before(context: RunContext, rows: pd.DataFrame) -> None:
    rows.loc[rows["contact_date"] == DAYS[0], "cons_price_idx"] = 300.0
    cold = validate(context, rows)
    warm = validate(again(context, "warm"), rows)
    shutil.rmtree(path_of(context.store.uri(validate_data.REMEMBERED)))
    cold_again = validate(again(context, "cold-again"), rows)
    assert cold.ref.digest == warm.ref.digest == cold_again.ref.digest
    assert cold.warnings


def test_without_a_model_in_production_recent_days_are_compared_with_those_before(
    context: RunContext, rows: pd.DataFrame
) -> None:
    rows.loc[rows["contact_date"] >= DAYS[-20], "age"] += 20
    artifact = validate(context, rows)
    drift = content(context, artifact.ref, "drift.json")
    assert drift["reference"] == "the contacts before the recent ones (no model in production yet)"
    assert (drift["reference_rows"], drift["recent_rows"], drift["recent_days"]) == (len(rows) - 800, 800, 20)
    assert [entry["column"] for entry in drift["columns"] if entry["drifted"]] == ["age"]
    assert artifact.passed
    assert artifact.warnings == ["age has drifted: KS 0.50, more than 0.2"]


def test_too_few_rows_are_not_compared(context: RunContext, rows: pd.DataFrame) -> None:
    drift = content(context, validate(context, rows.head(199)).ref, "drift.json")
    assert drift["columns"] == []
    assert drift["reference"].endswith("not compared: fewer than 200 rows")


def test_the_reference_is_the_training_data_of_the_model_in_production(context: RunContext, rows: pd.DataFrame) -> None:
    before = validate(context, rows)
    promote_a_model_trained_on(rows.assign(age=rows["age"] + 20), context)
    artifact = validate(again(context, "after-promotion"), rows)
    drift = content(context, artifact.ref, "drift.json")
    assert drift["reference"] == "training rows of version 1, in production"
    assert [entry["column"] for entry in drift["columns"] if entry["drifted"]] == ["age"]
    assert context.store.manifest(artifact.ref).notes["drifted"] == ["age"]
    assert artifact.ref.digest == before.ref.digest  # the registry is no part of the data


def test_a_registry_that_does_not_answer_stops_nothing(make_context: Make, rows: pd.DataFrame) -> None:
    nobody = make_context(AS_OF, mlflow_tracking_uri="http://127.0.0.1:9", registry_timeout_seconds=1)
    drift = content(nobody, validate(nobody, rows).ref, "drift.json")
    assert drift["reference"] == "the contacts before the recent ones (the registry does not answer)"
    assert drift["columns"]


def test_a_version_that_cannot_be_trusted_stops_nothing(context: RunContext, rows: pd.DataFrame) -> None:
    promote_a_model_trained_on(rows.assign(age=rows["age"] + 20), context, digest="0" * 64)
    drift = content(context, validate(context, rows).ref, "drift.json")
    assert drift["reference"] == "the contacts before the recent ones (the version in production cannot be compared with)"
    assert "age" not in [entry["column"] for entry in drift["columns"] if entry["drifted"]]


def promote_a_model_trained_on(rows: pd.DataFrame, context: RunContext, digest: str = "") -> None:
    """A registered version with a reference, in production; what it predicts does not matter here."""
    import json

    import mlflow

    from bank_marketing.artifacts.digests import file_digest
    from bank_marketing.registry.registry import PRODUCTION, REFERENCE_FILE, Registry
    from bank_marketing.registry.tracking import experiment_id

    registry = Registry(context.settings, context.store)
    reference = context.settings.home / REFERENCE_FILE
    rows.to_parquet(reference)
    with mlflow.start_run(experiment_id=experiment_id(registry.client, context.settings)) as run:
        model = mlflow.pyfunc.log_model(
            name="model",
            python_model=mlflow.pyfunc.PythonModel(),
            artifacts={REFERENCE_FILE: str(reference)},
            pip_requirements=["mlflow"],
        )
    files = {REFERENCE_FILE: digest or file_digest(reference)}
    version = registry.register(run.info.run_id, model.model_id, {"model_digest": "0" * 64, "files": json.dumps(files)})
    registry.client.set_registered_model_alias(registry.name, PRODUCTION, str(version.version))
