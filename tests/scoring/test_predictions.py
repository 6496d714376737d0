"""The prediction log: found by id, written once."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from bank_marketing.artifacts import open_store
from bank_marketing.errors import ArtifactMissing, ConfigError
from bank_marketing.scoring.predictions import PredictionLog, PredictionRecord
from bank_marketing.settings import Settings


def record(request: str, number: int, probability: float = 0.4) -> PredictionRecord:
    return PredictionRecord(
        prediction_id=f"2010-06-30-{request}-{number}", at=datetime(2010, 6, 30, tzinfo=UTC), source="api", contact_id=None,
        model_version=1, model_digest="m", input_digest="i", features_digest="f", probability=probability, threshold=0.3,
        decision=True, day=date(2010, 7, 1), who="tester",
    )  # fmt: skip


def test_a_prediction_is_found_by_its_id(settings: Settings) -> None:
    log = PredictionLog(open_store(settings))
    log.append([record("ab12", 0), record("ab12", 1, 0.5)])
    assert log.get("2010-06-30-ab12-1").probability == 0.5


def test_what_is_on_record_stays(settings: Settings) -> None:
    log = PredictionLog(open_store(settings))
    log.append([record("ab12", 0)])
    log.append([record("ab12", 0, 0.9)])
    assert log.get("2010-06-30-ab12-0").probability == 0.4


@pytest.mark.parametrize("name", ["2010-06-30-ab12-7", "2010-06-30-cd-0", "../../secret", "2010-06-30-../x-0"])
def test_an_unknown_id_is_said_to_be_unknown(settings: Settings, name: str) -> None:
    log = PredictionLog(open_store(settings))
    log.append([record("ab12", 0)])
    with pytest.raises(ArtifactMissing, match="no prediction"):
        log.get(name)


def test_predictions_of_two_requests_are_not_mixed(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="share its id"):
        PredictionLog(open_store(settings)).append([record("ab12", 0), record("cd34", 0)])
