"""The scoring DAG itself, run by Airflow on a small campaign: spark-submit, XCom, the asset, mails and all."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.artifacts.local import path_of
from bank_marketing.pipelines.scoring import STEPS
from tests.scoring.small_lists import COMING, copied_platform, land_list, score, settings_in, with_bad_row, write_list
from tests.support import airflow_home
from tests.support.landed import lines
from tests.support.mail_server import Inbox, mail_server, part
from tests.support.small_run import LAST, SmallRun

#: Whole runs with Spark and MLflow: patient, for a machine that is busy with other things.
pytestmark = pytest.mark.timeout(900)

DAG_ID = "bank_marketing_batch_scoring"


@dataclass
class Platform:
    """An Airflow with its platform and its mail server."""

    told: dict[str, str]
    bank_home: Path
    inbox: Inbox

    def run(self, minute: int, **conf: str) -> bool:
        """Run the DAG under a logical date of its own; returns whether it succeeded."""
        asked = json.dumps({"as_of": str(LAST)} | conf)
        done = airflow_home.run(
            "dags", "test", DAG_ID, moment(minute), "--conf", asked, told=self.told, check=False, timeout=800
        )
        return done.returncode == 0

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(Path(self.told["AIRFLOW_HOME"]) / "airflow.db")) as connection:
            return connection.execute(query, values).fetchall()

    def states(self, minute: int) -> dict[str, str]:
        """The last state of each task of a run."""
        return dict(self.of_run("task_id, task_instance.state", "task_instance", minute))

    def of_run(self, columns: str, table: str, minute: int) -> list[tuple[Any, ...]]:
        """Rows that Airflow's database keeps of a run."""
        query = f"select {columns} from {table} join dag_run using (dag_id, run_id) where dag_id = ? and logical_date like ?"
        return self.rows(query, DAG_ID, f"{moment(minute)[:19].replace('T', ' ')}%")

    def published(self) -> dict[str, bytes]:
        """The files below `call_lists`."""
        folder = self.bank_home / "artifacts" / "call_lists"
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def moment(minute: int) -> str:
    return f"2026-01-01T00:{minute:02d}:00+00:00"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, small_run: SmallRun) -> Iterator[Platform]:
    """The platform after one run of the DAG on the list of the coming Monday."""
    folder = copied_platform(small_run, tmp_path_factory.mktemp("scoring_run"))
    land_list(settings_in(folder).landing, with_bad_row(COMING))
    with mail_server() as inbox:
        told = airflow_home.environment(
            airflow_home.new_home(folder), folder, AIRFLOW_CONN_SMTP_DEFAULT=inbox.connection, BANK_MAIL_TO="calls@bank.example"
        )
        made = Platform(told, folder, inbox)
        assert made.run(1), made.states(1)
        yield made


def references(platform: Platform, minute: int) -> dict[str, ArtifactRef]:
    found = platform.of_run("task_id, value", "xcom", minute)
    assert max(len(value) for _, value in found) < 1000, "XCom carries small references only"
    return {task: ArtifactRef.model_validate(json.loads(value)) for task, value in found}


def test_the_dag_scores_as_the_pipeline_does_without_airflow(platform: Platform, tmp_path: Path, small_run: SmallRun) -> None:
    made = references(platform, 1)
    assert set(made) == set(STEPS)
    home = copied_platform(small_run, tmp_path)
    land_list(settings_in(home).landing, with_bad_row(COMING))
    alone = score(settings_in(home)).refs
    for step in ("select_model", "validate_prospects", "score_prospects"):
        assert made[step].digest == alone[step].digest, step


def test_the_call_list_lies_where_the_callers_look(platform: Platform) -> None:
    files = platform.published()
    assert {name for name in files if name.endswith("call_list.csv")} == {f"contact_date={COMING}/call_list.csv"}
    assert path_of(references(platform, 1)["publish_call_list"].uri).name == f"contact_date={COMING}"


def test_whoever_listens_to_the_call_list_learns_the_evening_it_stands_on(platform: Platform) -> None:
    """bank_marketing_drift_retraining does."""
    [(name, extra)] = platform.rows("select name, asset_event.extra from asset_event join asset on asset.id = asset_id")
    assert name == "bank-marketing-call-list"
    assert json.loads(extra) == {"as_of": str(LAST)} | references(platform, 1)["publish_call_list"].model_dump()


def test_what_was_published_and_quarantined_is_mailed(platform: Platform) -> None:
    mail = platform.inbox.mails[0]
    assert f"of 39 prospects of {COMING} to be called" in str(mail["Subject"])
    words = part(mail, "plain")
    assert "Quarantined: 1 rows. 1 x category(job)" in words
    assert "call_list.csv" in words


def test_an_empty_list_fails_the_run_with_a_mail_and_changes_nothing(platform: Platform) -> None:
    before, mails = platform.published(), len(platform.inbox.mails)
    write_list(settings_in(platform.bank_home).landing, COMING, lines([], prospects=True), name="empty.csv")
    assert not platform.run(2, file="empty.csv")
    states = platform.states(2)
    assert states["select_model"] == "success"
    assert states["validate_prospects"] == "failed"
    assert {states[task] for task in ("score_prospects", "publish_call_list", "notify_scored")} == {"upstream_failed"}
    [mail] = platform.inbox.mails[mails:]
    assert "\nRule: no_rows" in part(mail, "plain")
    assert platform.published() == before


def test_without_a_model_in_production_no_list_is_read(platform: Platform, tmp_path: Path) -> None:
    land_list(settings_in(tmp_path).landing, with_bad_row(COMING))
    bare = Platform(platform.told | {"BANK_HOME": str(tmp_path)}, tmp_path, platform.inbox)
    mails = len(platform.inbox.mails)
    assert not bare.run(3)
    assert bare.states(3)["select_model"] == "failed"
    assert bare.states(3)["validate_prospects"] == "upstream_failed"
    [mail] = platform.inbox.mails[mails:]
    assert "docs/runbooks.md#noproductionmodel" in part(mail, "plain")
    assert bare.published() == {}
