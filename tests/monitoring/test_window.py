"""Outcomes find the prediction that their client was called by."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from bank_marketing.artifacts import LocalStore
from bank_marketing.economics import Economics
from bank_marketing.monitoring.config import MonitoringConfig
from bank_marketing.monitoring.findings import as_called
from bank_marketing.monitoring.window import AHEAD, first_day, predictions, with_predictions
from bank_marketing.scoring.predictions import PredictionLog, PredictionRecord

DAY = date(2010, 6, 30)


@pytest.fixture
def log(tmp_path: object) -> PredictionLog:
    return PredictionLog(LocalStore(f"file://{tmp_path}"))


def predicted(number: int, *, contact: str | None = "C1", p: float = 0.3, hour: int = 2, **changes: object) -> PredictionRecord:
    values = {
        "prediction_id": f"{DAY}-request{number}-0", "at": datetime(2010, 6, 30, hour, tzinfo=UTC), "source": "batch",
        "contact_id": contact, "model_version": 1, "model_digest": "", "input_digest": "", "features_digest": "",
        "probability": p, "threshold": 0.25, "decision": p >= 0.25, "day": DAY, "who": "tester",
    }  # fmt: skip
    return PredictionRecord.model_validate(values | changes)


def joined(log: PredictionLog, *contacts: str) -> pd.DataFrame:
    window = pd.DataFrame({"contact_id": contacts, "contact_date": str(DAY), "y": 1})
    return with_predictions(window, predictions(log.store, [str(DAY)]))


def test_a_prediction_of_the_service_counts_when_it_names_the_contact(log: PredictionLog) -> None:
    log.append([predicted(1, contact="C1", source="api", p=0.4)])
    log.append([predicted(2, contact=None, source="api", p=0.9)])
    [one, other] = joined(log, "C1", "C2").to_dict("records")
    assert (one["probability"], one["version"], one["called"]) == (0.4, 1, True)
    assert pd.isna(other["probability"]), "a prediction for nobody is nobody's"


def test_the_nightly_list_is_what_a_client_is_called_by_not_a_later_question_to_the_service(log: PredictionLog) -> None:
    log.append([predicted(1, p=0.3, hour=2)])
    log.append([predicted(2, p=0.1, hour=9, source="api", model_version=2)])
    [row] = joined(log, "C1").to_dict("records")
    assert (row["probability"], row["version"]) == (0.3, 1)


def test_of_two_lists_the_later_one_counts(log: PredictionLog) -> None:
    log.append([predicted(2, p=0.6, hour=5, model_version=2)])
    log.append([predicted(1, p=0.3, hour=2)])
    assert joined(log, "C1")["version"].to_list() == [2]


def test_a_prediction_for_another_day_of_the_same_client_does_not_count(log: PredictionLog) -> None:
    log.append([predicted(1, day=DAY - timedelta(days=1))])
    assert joined(log, "C1")["probability"].isna().all()


def test_a_list_made_again_with_the_outcomes_known_does_not_count(log: PredictionLog) -> None:
    log.append([predicted(1, p=0.3)])
    log.append([predicted(2, p=0.99, hour=9, hindsight=True)])
    assert joined(log, "C1")["probability"].to_list() == [0.3]


@pytest.mark.parametrize(
    ("asked", "counts"), [(AHEAD, True), (AHEAD + timedelta(days=1), False), (-timedelta(days=5000), True)]
)
def test_a_request_counts_when_it_was_made_soon_before_the_call_or_in_a_past_that_is_lived_again(
    log: PredictionLog, asked: timedelta, counts: bool
) -> None:
    log.append([predicted(1, source="api", prediction_id=f"{DAY - asked}-request1-0")])
    assert joined(log, "C1")["probability"].notna().all() == counts


def test_predictions_of_long_ago_are_not_opened(log: PredictionLog) -> None:
    log.append([predicted(1)])
    log.store.write_bytes(log.store.uri("predictions", str(DAY - timedelta(days=400)), "old.json"), b"{")
    assert joined(log, "C1")["probability"].to_list() == [0.3]
    assert predictions(log.store, []).empty


@pytest.mark.parametrize(
    ("days", "rows", "first"),
    [(1, 1, 5), (2, 1, 4), (2, 30, 4), (2, 31, 3), (2, 60, 2), (5, 1, 1), (6, 1, 1), (1, 75, 1), (1, 76, 1)],
)
def test_a_window_has_its_days_and_its_rows_or_all_there_is(days: int, rows: int, first: int) -> None:
    counts = {date(2010, 6, day): size for day, size in ((1, 10), (2, 20), (3, 15), (4, 20), (5, 10))}
    config = MonitoringConfig(window_days=days, window_rows=rows)
    assert first_day(counts, config) == date(2010, 6, first)


def test_figures_as_called_are_of_every_version_that_was_in_production() -> None:
    rows = pd.DataFrame({"y": [1, 0, 1, 0, 1], "version": [1, 1, 2, 2, None], "probability": [0.6, 0.2, 0.3, 0.4, None],
                         "called": pd.array([True, False, False, True, None], dtype="boolean")})  # fmt: skip
    found = as_called(rows, Economics(call_cost=9, deposit_margin=31))
    assert found["versions"] == {"1": 2, "2": 2}
    assert found["figures"]["f1"] == pytest.approx(0.5)
    assert found["figures"]["profit"] == 31 - 2 * 9
    assert as_called(rows.tail(1), Economics(1, 2)) == {}
