"""The prediction log: found by id, written once."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from bank_marketing.artifacts import open_store
from bank_marketing.artifacts.local import LocalStore
from bank_marketing.errors import ArtifactMissing, ConfigError
from bank_marketing.scoring import predictions
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


def test_what_was_written_is_said_and_nothing_is_written_for_nobody(settings: Settings) -> None:
    log = PredictionLog(open_store(settings))
    assert log.append([]) is False
    assert log.append([record("ab12", 0), record("ab12", 1)]) is True
    assert log.append([record("ab12", 0)]) is False
    [uri] = log.store.list_files(log.store.uri(FOLDER))
    assert uri == log.store.uri("predictions", "2010-06-30", "ab12.json")
    text = log.store.read_bytes(uri).decode()
    assert text == f"[{record('ab12', 0).model_dump_json()},\n{record('ab12', 1).model_dump_json()}]\n"


def test_every_refusal_names_the_id(settings: Settings) -> None:
    log = PredictionLog(open_store(settings))
    told = "predictions of one request share its id; '2010-06-30-ab12-0' and the others do not"
    with pytest.raises(ConfigError) as mixed:
        log.append([record("ab12", 0), record("cd34", 0)])
    with pytest.raises(ConfigError) as columns:
        log.append_columns(record("ab12", 0), pa.RecordBatch.from_pydict({"prediction_id": ["2010-06-30-cd34-0"]}))
    assert str(mixed.value) == str(columns.value) == told
    with pytest.raises(ConfigError, match=r"^'no-id' is no id of a prediction$"):
        log.append([record("ab12", 0).model_copy(update={"prediction_id": "no-id"})])
    nobody, own = record("ab12", 0).model_copy(update={"prediction_id": "no-id"}), {"prediction_id": ["no-id"]}
    with pytest.raises(ConfigError, match=r"^predictions of one request share its id; 'no-id' and the others do not$"):
        log.append_columns(nobody, pa.RecordBatch.from_pydict(own))
    with pytest.raises(ArtifactMissing, match=r"^there is no prediction 'no-id'$"):
        log.get("no-id")


def test_a_record_without_its_own_digest_is_sealed_by_all_else() -> None:
    plain = record("ab12", 0)
    assert plain.record_digest == ""
    assert plain.sealed().content_digest() == plain.content_digest() == plain.sealed().record_digest
    assert plain.sealed().model_copy(update={"record_digest": ""}) == plain


def page(log: PredictionLog, limit: int, after: str = "", who: str = "tester") -> tuple[list[str], str]:
    found, then = log.page(date(2010, 6, 30), who, limit, after)
    return [one.prediction_id.removeprefix("2010-06-30-") for one in found], then


def test_somebodys_predictions_of_a_day_come_page_by_page(settings: Settings) -> None:
    log = PredictionLog(open_store(settings))
    other = record("bb", 0).model_copy(update={"who": "another"})
    log.append([record("aa", number) for number in range(3)])
    log.append([other, record("bb", 1)])
    log.append([record("cc", 0)])
    log.append([record("dd", 0).model_copy(update={"prediction_id": "2010-07-01-dd-0"})])
    whole = ["aa-0", "aa-1", "aa-2", "bb-1", "cc-0"]
    assert page(log, 5) == (whole, "")
    assert page(log, 9) == (whole, "")
    assert page(log, 4) == (whole[:4], "2010-06-30-bb-1")
    assert page(log, 2) == (["aa-0", "aa-1"], "2010-06-30-aa-1")
    assert page(log, 2, "2010-06-30-aa-1") == (["aa-2", "bb-1"], "2010-06-30-bb-1")
    assert page(log, 2, "2010-06-30-bb-1") == (["cc-0"], "")
    assert page(log, 3, "2010-06-30-aa-2") == (["bb-1", "cc-0"], "")
    assert page(log, 3, "2010-06-30-cc-0") == ([], "")
    assert page(log, 3, who="another") == (["bb-0"], "")
    assert page(log, 3, "2010-06-30-aa-7") == (whole[:3], "2010-06-30-aa-2"), "an id that its object has not begins it again"
    assert page(log, 9, "no-id") == (whole, "")


def test_a_page_ends_after_so_many_objects_and_goes_on_behind_them(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictions, "MOST_READ", 2)
    log = PredictionLog(open_store(settings))
    for request in ("aa", "bb"):
        log.append([record(request, 0).model_copy(update={"who": "another"})])
    log.append([record("cc", 0)])
    assert page(log, 5) == ([], "2010-06-30-bb-0"), "two objects were looked at"
    assert page(log, 5, "2010-06-30-bb-0") == (["cc-0"], "")
