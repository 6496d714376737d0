"""The monitoring DAG, run by Airflow on a platform whose clients change: it waits, waits, and starts the training DAG."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.support import airflow_home, monitored
from tests.support.monitored import DAYS

#: Whole runs of Airflow: patient, for a machine that is busy with other things.
pytestmark = pytest.mark.timeout(900)

DAG_ID = "bank_marketing_drift_retraining"


@dataclass
class Platform:
    """An Airflow with its platform."""

    told: dict[str, str]
    bank_home: Path

    def run(self, evening: date) -> tuple[dict[str, str], str]:
        """Run the DAG as of an evening; returns the state of each task, and the log."""
        moment = f"2026-01-01T00:{evening.day:02d}:00+00:00"
        done = airflow_home.run("dags", "test", DAG_ID, moment, "--conf", json.dumps({"as_of": str(evening)}), told=self.told)
        states = self.rows(
            "select task_id, task_instance.state from task_instance join dag_run using (dag_id, run_id) "
            "where dag_id = ? and logical_date like ?",
            DAG_ID,
            f"{moment[:19].replace('T', ' ')}%",
        )
        assert states, (done.stdout + done.stderr)[-5000:]
        return dict(states), done.stdout + done.stderr

    def rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(Path(self.told["AIRFLOW_HOME"]) / "airflow.db")) as connection:
            return connection.execute(query, values).fetchall()


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    folder = tmp_path_factory.mktemp("drift_retraining_run")
    monitored.put_into_production(folder)
    told = airflow_home.environment(airflow_home.new_home(folder), folder, AIRFLOW__LOGGING__LOGGING_LEVEL="INFO")
    airflow_home.run("dags", "reserialize", told=told)
    return Platform(told, folder)


def test_drift_that_lasts_starts_one_training_with_its_reason(platform: Platform) -> None:
    table = monitored.drifted_table()
    ran = {}
    for evening in DAYS[130:133]:
        monitored.live(evening, platform.bank_home, table)
        ran[evening], log = platform.run(evening)
    waited, retrained = ran[DAYS[131]], ran[DAYS[132]]
    assert waited.pop("trigger_retraining") == "skipped"
    assert set(waited.values()) == {"success"}
    assert set(retrained.values()) == {"success"}, log[-5000:]
    started = platform.rows("select run_id, conf from dag_run where dag_id = ?", "bank_marketing_training")
    assert len(started) == 1
    conf = json.loads(started[0][1])
    assert conf["as_of"] == str(DAYS[132])
    assert conf["promote"] == "auto"
    assert "contact has drifted" in conf["reason"]


def test_a_skip_says_why_and_people_see_the_decision_on_its_asset(platform: Platform) -> None:
    evening = DAYS[133]
    monitored.live(evening, platform.bank_home, monitored.drifted_table())
    states, log = platform.run(evening)
    assert states["trigger_retraining"] == "skipped"
    assert f"but the last retraining was on {DAYS[132]}" in log
    extras = platform.rows("select extra from asset_event")
    assert any(f'"as_of": "{evening}"' in extra for (extra,) in extras), extras
