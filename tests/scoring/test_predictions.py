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


def test_the_records_of_one_request_are_those_that_are_sealed_one_by_one() -> None:
    own: list[dict[str, str | float | bool | None]] = [
        {"prediction_id": f"2010-06-30-ab12-{number}", "contact_id": contact_id, "input_digest": f"i{number}",
         "probability": number / 7, "decision": number > 1}
        for number, contact_id in enumerate(("C1", None, "Zoë \"2\""))
    ]  # fmt: skip
    first = record("ab12", 0).model_copy(update=own[0])
    found = first.sealed_each(own)
    assert found == [first.model_copy(update=fields).sealed() for fields in own]
    read = [PredictionRecord.model_validate_json(one.model_dump_json()) for one in found]
    assert [one.record_digest for one in found] == [one.content_digest() for one in read]
    assert len({one.record_digest for one in found}) == 3
