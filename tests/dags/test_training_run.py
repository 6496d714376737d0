"""The training DAG itself, run by Airflow on a small campaign: spark-submit, XCom, mails and all."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.artifacts.local import LocalStore
from bank_marketing.pipelines.training import STEPS
from bank_marketing.settings import Settings
from tests.support import airflow_home
from tests.support.landed import contact, lines, write_contacts
from tests.support.mail_server import Inbox, mail_server, part
from tests.support.small_run import LAST, SmallRun, land_small

#: Whole runs with Spark, MLflow and Great Expectations: patient, for a machine that is busy with other things.
pytestmark = pytest.mark.timeout(900)

DAG_ID = "bank_marketing_training"


@dataclass
class Platform:
    """An Airflow with its platform and its mail server."""

    told: dict[str, str]
    bank_home: Path
    inbox: Inbox

    def run(self, minute: int, as_of: str) -> bool:
        """Run the DAG under a logical date of its own; returns whether it succeeded."""
        conf = json.dumps({"as_of": as_of, "reason": "a test"})
        done = airflow_home.run("dags", "test", DAG_ID, moment(minute), "--conf", conf, told=self.told, check=False)
        return done.returncode == 0

    def rows(self, columns: str, table: str, minute: int) -> list[tuple[Any, ...]]:
        """Rows that Airflow's database keeps of a run."""
        database = Path(self.told["AIRFLOW_HOME"]) / "airflow.db"
        with closing(sqlite3.connect(database)) as connection:
            return connection.execute(
                f"select {columns} from {table} join dag_run using (dag_id, run_id) where dag_id = ? and logical_date like ?",
                (DAG_ID, f"{moment(minute)[:19].replace('T', ' ')}%"),
            ).fetchall()

    def references(self, minute: int) -> dict[str, ArtifactRef]:
        """What the run's tasks returned, by task."""
        found = self.rows("task_id, key, value", "xcom", minute)
        return {task: ArtifactRef.model_validate(json.loads(value)) for task, key, value in found if key == "return_value"}

    def production_events(self) -> int:
        """How often the asset of the production model has changed."""
        with closing(sqlite3.connect(Path(self.told["AIRFLOW_HOME"]) / "airflow.db")) as connection:
            query = "select count(*) from asset_event join asset on asset.id = asset_id where name = 'bank-marketing-production-model'"
            return int(connection.execute(query).fetchone()[0])


def moment(minute: int) -> str:
    return f"2026-01-01T00:{minute:02d}:00+00:00"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """The platform after one run of the DAG on the small campaign."""
    folder = tmp_path_factory.mktemp("training_run")
    land_small(Settings(home=folder).landing)
    with mail_server() as inbox:
        told = airflow_home.environment(
            airflow_home.new_home(folder), folder, AIRFLOW_CONN_SMTP_DEFAULT=inbox.connection, BANK_MAIL_TO="ml@bank.example"
        )
        made = Platform(told, folder, inbox)
        assert made.run(1, str(LAST))
        yield made


def test_the_dag_makes_what_the_pipeline_makes_without_airflow(platform: Platform, small_run: SmallRun) -> None:
    digests = {task: ref.digest for task, ref in platform.references(1).items()}
    assert digests == {step: ref.digest for step, ref in small_run.made.refs.items()}


def test_xcom_carries_small_references_only(platform: Platform) -> None:
    values = platform.rows("task_id, key, value", "xcom", 1)
    assert {task for task, _, _ in values} == set(STEPS)
    assert {key for _, key, _ in values if not key.startswith("_link_")} == {"return_value"}
    assert max(len(value) for _, _, value in values) < 1000
    states = dict(platform.rows("task_id, task_instance.state", "task_instance", 1))
    assert states == dict.fromkeys(STEPS, "success")
    store = LocalStore((platform.bank_home / "artifacts").as_uri())
    for task, ref in platform.references(1).items():
        manifest = store.manifest(ref)
        assert manifest.ref == ref, task
        assert manifest.dag_id == DAG_ID


def test_assets_tell_the_day_and_the_artifact(platform: Platform) -> None:
    """A DAG that an asset triggers has no logical date: it works on the day of the event."""
    database = Path(platform.told["AIRFLOW_HOME"]) / "airflow.db"
    with closing(sqlite3.connect(database)) as connection:
        query = "select source_task_id, extra from asset_event where source_dag_id = ? order by id limit 3"
        events = {task: json.loads(extra) for task, extra in connection.execute(query, (DAG_ID,))}
    references = platform.references(1)
    assert set(events) == {"ingest_data", "transform_data", "promote_model"}
    for task, extra in events.items():
        assert extra["as_of"] == str(LAST)
        assert (extra["uri"], extra["digest"]) == (references[task].uri, references[task].digest)


def test_success_is_mailed_once(platform: Platform) -> None:
    mail = platform.inbox.mails[0]
    assert "goes to production" in str(mail["Subject"])
    assert "F1" in part(mail, "plain")
    assert "<" not in part(mail, "plain")


def test_a_second_run_gives_the_same_digests(platform: Platform) -> None:
    assert platform.run(2, str(LAST))
    first, second = platform.references(1), platform.references(2)
    for step in ("ingest_data", "validate_data", "transform_data", "train_model"):
        assert second[step].digest == first[step].digest, step
        assert second[step].uri != first[step].uri
    assert platform.production_events() == 1, "the same model stays in production: nothing has changed for who listens"


def test_a_broken_file_stops_the_run_before_training_and_the_mail_names_the_rule(platform: Platform) -> None:
    day = LAST + timedelta(days=3)
    good = lines(contact(20_000 + number, day) for number in range(40))
    write_contacts(Settings(home=platform.bank_home).landing, day, [line.partition(";")[2] for line in good])
    before = len(platform.inbox.mails)
    assert not platform.run(3, str(day))
    states = dict(platform.rows("task_id, task_instance.state", "task_instance", 3))
    failed = [task for task, state in states.items() if state == "failed"]
    assert failed in (["ingest_data"], ["validate_data"])
    assert states["train_model"] == "upstream_failed"
    [mail] = platform.inbox.mails[before:]
    words = part(mail, "plain")
    assert f"failed for {day}" in str(mail["Subject"])
    assert f"dt={day}/contacts.csv" in words
    assert "contact_id" in words
    assert "\nRule: " in words
