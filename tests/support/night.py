"""What the engineer on call has, and the week that follows the night: small, but with all that a week brings."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from bank_marketing.artifacts import ArtifactRef, LocalStore
from bank_marketing.components.context import RunContext
from bank_marketing.pipelines import PipelineRun, Step, run_steps
from bank_marketing.registry.registry import Registry
from bank_marketing.settings import Settings
from tests.scoring.small_lists import land_list_of_the_past
from tests.support.landed import contact, land_signal, lines
from tests.support.mail_server import Inbox
from tests.support.small_run import DAYS, LAST, small_settings
from tests.support.standalone import RunningAirflow

TRAINING, SCORING, MONITORING, MAINTENANCE = (
    f"bank_marketing_{name}" for name in ("training", "batch_scoring", "drift_retraining", "maintenance")
)

#: The day of the night, a Monday, and its contacts.
DAY = LAST + timedelta(days=3)
OF_THE_DAY = 40

#: The evenings of the week after it, from Tuesday to Monday: on five of them outcomes have landed.
WEEK = [DAY + timedelta(days=1 + number) for number in range(7)]

#: The contact days of the week and the day after it, on which so many clients are called.
CALLED = [day for day in (*WEEK, WEEK[-1] + timedelta(days=1)) if day.weekday() < 5]
A_DAY = 60

#: Contacts that have landed when the week begins, two of them broken.
BEFORE = A_DAY * len(DAYS) + 2 + OF_THE_DAY


#: Seconds between a task's pause and a person's answer. An answer within the scheduler's same breath is taken by Airflow 3.3 for a task
#: that was lost, and the person is asked again.
THINKING = 15


@dataclass
class Night:
    """Airflow, the landing zone, the registry and the mails."""

    airflow: RunningAirflow
    home: Path
    inbox: Inbox

    @property
    def settings(self) -> Settings:
        return small_settings(self.home)

    def answer(self, run_id: str, option: str) -> None:
        """Answer as a person does: after having read the question."""
        time.sleep(THINKING)
        where = f"/dags/{TRAINING}/dagRuns/{run_id}/taskInstances/promote_model/-1/hitlDetails"
        self.airflow.call("PATCH", where, json={"chosen_options": [option], "params_input": {}})

    @property
    def landing(self) -> Path:
        return self.settings.landing

    @property
    def store(self) -> LocalStore:
        return LocalStore((self.home / "artifacts").as_uri())

    @property
    def registry(self) -> Registry:
        return Registry(self.settings, self.store)

    def start(self, dag_id: str, run_id: str, **conf: Any) -> None:
        """Unpause a DAG and trigger it as the form does."""
        self.unpause(dag_id)
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf}
        self.airflow.call("POST", f"/dags/{dag_id}/dagRuns", json=body)

    def unpause(self, dag_id: str) -> None:
        """Let its runs start."""
        self.airflow.call("PATCH", f"/dags/{dag_id}", json={"is_paused": False})

    def links(self, dag_id: str, run_id: str, task_id: str) -> dict[str, str]:
        """A task's buttons."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/links"
        found: dict[str, str] = self.airflow.call("GET", path)["extra_links"]
        return found

    def ref(self, dag_id: str, run_id: str, task_id: str) -> ArtifactRef:
        """What a task left in XCom."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/return_value"
        return ArtifactRef.model_validate(self.airflow.call("GET", path, params={"deserialize": True})["value"])

    def backfill(self, dag_id: str, days: Sequence[date], at_once: int) -> dict[date, str]:
        """Backfill these days as the UI does, after its dry run; the id of each day's run, when all have succeeded."""
        body = {
            "dag_id": dag_id, "from_date": f"{days[0]}T00:00:00Z", "to_date": f"{days[-1]}T23:59:59Z", "max_active_runs": at_once,
        }  # fmt: skip
        dry = self.airflow.call("POST", "/backfills/dry_run", json=body)
        assert [entry["logical_date"][:10] for entry in dry["backfills"]] == [str(day) for day in days]
        self.airflow.call("POST", "/backfills", json=body)
        # Not before: where SQLite is locked Airflow takes the runs back, and a scheduler that has seen them ends.
        self.unpause(dag_id)
        path = f"/dags/{dag_id}/dagRuns"
        runs = self.airflow.call("GET", path, params={"run_type": "backfill"})["dag_runs"]
        made = {date.fromisoformat(run["logical_date"][:10]): str(run["dag_run_id"]) for run in runs}
        assert sorted(made) == list(days)
        for run_id in made.values():
            assert self.airflow.wait_for_run(dag_id, run_id) == "success", self.airflow.states(dag_id, run_id)
        return made

    def by_hand(self, steps: Mapping[str, Step], names: Sequence[str], evening: date) -> PipelineRun:
        """Run the first steps of a pipeline for an evening on the same platform, without Airflow."""
        return run_steps({name: steps[name] for name in names}, RunContext("by_hand", "week", evening, self.settings))


def day_of_contacts(*, broken: bool) -> list[str]:
    """The day's file; a broken one has lost its first column."""
    good = lines(contact(20_000 + number, DAY) for number in range(OF_THE_DAY))
    return [line.partition(";")[2] for line in good] if broken else good


def land_week(root: Path) -> None:
    """Land what the week brings, all at once, as a backfill finds it; of the last day the runs may know the list only."""
    land_signal(root, CALLED, A_DAY, seed=5, after=30_000)
    for day in CALLED[1:]:
        land_list_of_the_past(root, day)


def landed_by(evening: date) -> list[date]:
    """The week's contact days whose outcomes have landed by then."""
    return [day for day in CALLED if day <= evening]


def next_called(evening: date) -> date:
    """The contact day that an evening's list is for."""
    return min(day for day in CALLED if day > evening)
