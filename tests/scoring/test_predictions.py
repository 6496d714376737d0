"""The prediction log: found by id, written once."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from bank_marketing.artifacts import open_store
from bank_marketing.artifacts.local import LocalStore
from bank_marketing.errors import ArtifactMissing, ConfigError
from bank_marketing.scoring.predictions import FOLDER, PredictionLog, PredictionRecord
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
    found = [PredictionRecord.model_validate_json(text) for text in first.sealed_json(own)]
    assert found == [first.model_copy(update=fields).sealed() for fields in own]
    assert [one.record_digest for one in found] == [one.content_digest() for one in found]
    assert len({one.record_digest for one in found}) == 3


def test_records_written_by_columns_are_those_that_are_written_one_by_one(settings: Settings, tmp_path: Path) -> None:
    """To the last byte: also where a number is not written as Arrow writes it, and a name must be escaped."""
    own = {
        "prediction_id": [f"2010-06-30-ab12-{number}" for number in range(5)],
        "contact_id": ["C1", 'Zoë "2"', "back\\slash", "\x1f", "C5"],
        "input_digest": [f"i{number}" for number in range(5)],
        "probability": [0.5, 1e-6, 1.0, 0.0, 1 / 3],
        "decision": [True, False, True, False, True],
    }
    records = [record("ab12", 0).model_copy(update=dict(zip(own, row, strict=True))) for row in zip(*own.values(), strict=True)]
    columns, rows = PredictionLog(open_store(settings)), PredictionLog(LocalStore(f"file://{tmp_path}/rows"))
    assert columns.append_columns(records[0], pa.RecordBatch.from_pydict(own))
    assert not columns.append_columns(records[1], pa.RecordBatch.from_pydict(own))
    rows.append(records)
    written = [one.store.read_bytes(one.store.uri(FOLDER, "2010-06-30", "ab12.json")) for one in (columns, rows)]
    assert written[0] == written[1]
    assert columns.get("2010-06-30-ab12-1") == records[1]


@pytest.mark.parametrize("other", ["2010-06-30-cd34-1", "2010-06-30-ab12-x", "2010-06-30-ab12-1\n", "../2010-06-30-ab12-1"])
def test_columns_of_two_requests_are_not_mixed(settings: Settings, other: str) -> None:
    own = pa.RecordBatch.from_pydict({"prediction_id": ["2010-06-30-ab12-0", other]})
    with pytest.raises(ConfigError, match="share its id"):
        PredictionLog(open_store(settings)).append_columns(record("ab12", 0), own)


def test_records_that_are_json_already_are_found_by_their_ids(settings: Settings) -> None:
    log = PredictionLog(open_store(settings))
    own: list[dict[str, str | float | bool | None]] = [{"prediction_id": f"2010-06-30-ab12-{number}"} for number in range(2)]
    written = record("ab12", 0).sealed_json(own)
    assert log.append_json("2010-06-30-ab12-0", written)
    assert not log.append_json("2010-06-30-ab12-0", written)
    assert log.get("2010-06-30-ab12-1") == record("ab12", 1).sealed()
    with pytest.raises(ConfigError, match="no id"):
        log.append_json("../ab12-0", written)
