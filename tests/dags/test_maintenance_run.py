"""The maintenance DAG, run by Airflow: by hand it shows what would go, told to it removes; what is young or needed stays."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bank_marketing.components.context import RunContext
from tests.support import airflow_home
from tests.support.monitored import settings_of

#: Whole runs of Airflow: patient, for a machine that is busy with other things.
pytestmark = pytest.mark.timeout(900)

DAG_ID = "bank_marketing_maintenance"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass
class Platform:
    """An Airflow and a store with an old and a young run, log file and row of the database."""

    told: dict[str, str]
    airflow: Path
    bank_home: Path

    def run(self, remove: str) -> str:
        conf = json.dumps({"remove": remove})
        # Of today: the command makes the logical date the run's start, and an old run would clean itself away.
        done = airflow_home.run("dags", "test", DAG_ID, datetime.now(UTC).isoformat(), "--conf", conf, told=self.told)
        return done.stdout + done.stderr

    def there(self) -> set[str]:
        """Which of the six are still there."""
        runs = self.bank_home / "artifacts/runs/bank_marketing_training/2010-06-30"
        files = {f"{age} run": runs / age / "step" / "manifest.json" for age in ("old", "young")}
        files |= {f"{age} log": self.log(age) for age in ("old", "young")}
        with closing(sqlite3.connect(self.airflow / "airflow.db")) as connection:
            rows = {row for (row,) in connection.execute("select event from log where event in ('old row', 'young row')")}
        return {name for name, path in files.items() if path.exists()} | rows

    def log(self, age: str) -> Path:
        return self.airflow / "logs" / f"dag_id=x{age}" / "attempt=1.log"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    folder = tmp_path_factory.mktemp("maintenance_run")
    airflow = airflow_home.new_home(folder)
    made = Platform(airflow_home.environment(airflow, folder, AIRFLOW__LOGGING__LOGGING_LEVEL="INFO"), airflow, folder)
    moments = {"old": LONG_AGO, "young": datetime.now(UTC)}
    for age, moment in moments.items():
        context = RunContext("bank_marketing_training", age, date(2010, 6, 30), settings_of(folder))
        with context.stage() as stage:
            (stage.path / "file.txt").write_text(age)
            manifest = context.publish(stage, "step", "test")
        context.store.write_bytes(
            f"{manifest.uri}/manifest.json", manifest.model_copy(update={"created_at": moment}).model_dump_json().encode()
        )
        made.log(age).parent.mkdir(parents=True)
        made.log(age).write_text("a line\n")
        os.utime(made.log(age), (moment.timestamp(),) * 2)
        with closing(sqlite3.connect(airflow / "airflow.db")) as connection, connection:
            connection.execute("insert into log (dttm, event) values (?, ?)", (moment.isoformat(sep=" "), f"{age} row"))
    return made


def test_a_run_by_hand_shows_and_a_told_one_removes(platform: Platform) -> None:
    everything = {f"{age} {what}" for age in ("old", "young") for what in ("run", "log", "row")}
    assert platform.there() == everything
    shown = platform.run("auto")
    assert platform.there() == everything
    assert "would remove run of 2020-01-01" in shown
    assert "kept: 1 run(s), the last run of its DAG" in shown
    removed = platform.run("yes")
    assert "removing run of 2020-01-01" in removed
    assert platform.there() == {"young run", "young log", "young row"}
