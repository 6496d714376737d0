"""The closed loop without Airflow: score tomorrow, call, learn the outcomes, watch, and train again when the clients have changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from bank_marketing.components import promote_model
from bank_marketing.components.context import RunContext
from bank_marketing.monitoring import decision, retraining, window
from bank_marketing.pipelines import PipelineRun, run_steps
from bank_marketing.pipelines import monitoring as monitoring_pipeline
from bank_marketing.pipelines import scoring as scoring_pipeline
from bank_marketing.pipelines import training as training_pipeline
from bank_marketing.registry import records
from bank_marketing.scoring import call_list
from tests.scoring.small_lists import copied_platform, land_list, settings_in
from tests.support.landed import Row, contact, lines, write_contacts
from tests.support.small_run import LAST, SmallRun

#: The contact days after the training: Monday to Wednesday.
WEEK = [LAST + timedelta(days=days) for days in (3, 4, 5)]
CLIENTS = 300

#: What lets outcomes become features, without training anew.
LEARN = {name: training_pipeline.STEPS[name] for name in ("ingest_data", "validate_data", "transform_data")}


def clients(day: date) -> list[Row]:
    """The clients of a day: all called by telephone, as nobody was before, and only students subscribe."""
    first = 50_000 + CLIENTS * (day - LAST).days
    rows = [contact(first + number, day, contact="telephone", duration=100) for number in range(CLIENTS)]
    return [row | {"y": "yes" if row["job"] == "student" else "no"} for row in rows]


@dataclass
class Loop:
    """A platform with a model in production, and what its days brought."""

    home: Path
    lists: list[PipelineRun] = field(default_factory=list)
    evenings: list[PipelineRun] = field(default_factory=list)

    def context(self, dag_id: str, as_of: date) -> RunContext:
        return RunContext(dag_id, "night", as_of, settings_in(self.home))

    def live(self, evening: date, day: date) -> None:
        """Score the list of a day the evening before, let the outcomes land, learn, watch."""
        landing = settings_in(self.home).landing
        land_list(landing, clients(day), day)
        self.lists.append(run_steps(scoring_pipeline.STEPS, self.context("scoring", evening)))
        write_contacts(landing, day, lines(clients(day)))
        run_steps(LEARN, self.context("training", day))
        self.evenings.append(run_steps(monitoring_pipeline.STEPS, self.context("monitoring", day)))

    def decision(self, number: int) -> decision.DecisionRecord:
        made = self.evenings[number].refs["decide_retraining"]
        return retraining.load(made, self.context("monitoring", WEEK[number])).record


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory, small_run: SmallRun) -> Loop:
    """Three days, lived."""
    lived = Loop(copied_platform(small_run, tmp_path_factory.mktemp("loop")))
    for evening, day in zip([LAST, *WEEK], WEEK, strict=False):
        lived.live(evening, day)
    return lived


def test_each_outcome_meets_the_prediction_of_the_evening_before(loop: Loop) -> None:
    context = loop.context("monitoring", WEEK[-1])
    rows = window.load_rows(loop.evenings[-1].refs["collect_window"], context)
    for day, made in zip(WEEK, loop.lists, strict=True):
        published = call_list.load(made.refs["publish_call_list"], loop.context("scoring", day))
        listed = pd.read_csv(
            f"{published.ref.uri}/scores.csv".removeprefix("file://"),
            sep=";",
            usecols=["contact_id", "probability", "decision"],
        ).set_index("contact_id")
        called = rows[rows["contact_date"].astype(str) == str(day)].set_index("contact_id")
        assert len(called) == CLIENTS
        assert (called["version"] == published.model_version).all()
        assert called["probability"].to_list() == pytest.approx(listed.loc[called.index, "probability"].to_list(), abs=1e-6)
        assert (called["y"] == (called["job"] == "student")).all()
    assert rows["probability"].isna().sum() == len(rows) - 3 * CLIENTS, "before, nobody was scored"


def test_the_change_is_seen_at_once_and_believed_on_the_third_evening(loop: Loop) -> None:
    found = [loop.decision(number) for number in range(3)]
    assert all(record.window.violates for record in found)
    assert all("contact has drifted" in record.window.reasons[0] for record in found)
    assert [record.decision.retrain for record in found] == [False, False, True]
    assert [*decision.newest_first(loop.context("monitoring", WEEK[-1]).store)][::-1] == found


def test_performance_is_that_of_the_calls(loop: Loop) -> None:
    performance = loop.decision(2).numbers["performance"]
    assert isinstance(performance, dict)
    assert performance["rows"] == 3 * CLIENTS
    figures = performance["figures"]
    assert isinstance(figures, dict)
    subscribers = sum(row["y"] == "yes" for day in WEEK for row in clients(day))
    assert figures["positives"] == subscribers
    assert figures["profit"] == pytest.approx(40 * figures["conversions"] - 8 * figures["called"])  # type: ignore[operator]
    assert performance["as_called"]["versions"] == {"1": 3 * CLIENTS}  # type: ignore[index, call-overload]


def test_the_retraining_it_asks_for_is_judged_like_any_other_and_keeps_its_reason(loop: Loop) -> None:
    context = loop.context("training_when_told", WEEK[-1])
    reason = loop.decision(2).decision.reason
    made = run_steps(training_pipeline.STEPS, context, {"who": "monitoring", "reason": reason})
    outcome = promote_model.load(made.refs["promote_model"], context)
    assert outcome.decision == "rejected"  # as any other that does not beat the champion: being asked for is no merit
    assert any("does not beat" in why or "is not above" in why for why in outcome.reasons), outcome.reasons
    last = records.history(context.store)[-1]
    assert (last.action, last.version) == (outcome.decision, outcome.version)
    assert reason in f"{last.reasons}"
    assert outcome.version == 2
