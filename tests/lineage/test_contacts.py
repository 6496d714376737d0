"""An auditor knows the client's contact: the prediction that stands on a call list is meant, else the service's latest."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from bank_marketing.artifacts import LocalStore
from bank_marketing.errors import ArtifactMissing
from bank_marketing.lineage.contacts import find_prediction
from bank_marketing.scoring.predictions import PredictionLog, PredictionRecord

DAY = date(2010, 6, 30)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(f"file://{tmp_path}")


def on_record(store: LocalStore, prediction_id: str, *contacts: str | None) -> None:
    records = [
        PredictionRecord(
            prediction_id=f"{prediction_id}-{number}", at=datetime(2010, 6, 30, tzinfo=UTC), source="api", contact_id=contact,
            model_version=1, model_digest="", input_digest="", features_digest="", probability=0.3, threshold=0.25, decision=True, day=DAY,
            who="tester",
        )
        for number, contact in enumerate(contacts)
    ]  # fmt: skip
    PredictionLog(store).append(records)


def on_list(store: LocalStore, day: str, **predictions: str) -> None:
    folder = Path(store.uri("call_lists", f"contact_date={day}").removeprefix("file://"))
    folder.mkdir(parents=True)
    rows = pd.DataFrame({"contact_id": list(predictions), "prediction_id": list(predictions.values()), "other": 1})
    rows.to_parquet(folder / "call_list.parquet")
    (folder / "manifest.json").write_text("{}")


def test_an_id_of_a_prediction_is_taken_as_it_is(store: LocalStore) -> None:
    on_record(store, "2010-06-30-aaa", "C1", "C2")
    assert find_prediction(store, "2010-06-30-aaa-1") == ("2010-06-30-aaa-1", [])


def test_of_a_contact_the_latest_on_a_call_list_is_meant(store: LocalStore) -> None:
    on_list(store, "2010-07-02", C1="2010-07-02-b-4", C2="2010-07-02-b-5")
    on_list(store, "2010-07-01", C1="2010-07-01-a-0")
    on_list(store, "2010-07-03", C2="2010-07-03-c-0")
    on_record(store, "2010-07-09-zzz", "C1")
    assert find_prediction(store, "C1") == ("2010-07-02-b-4", ["2010-07-01-a-0"])
    assert find_prediction(store, "C2") == ("2010-07-03-c-0", ["2010-07-02-b-5"])


def test_of_a_contact_on_no_list_the_services_latest_is_meant(store: LocalStore) -> None:
    on_list(store, "2010-07-01", C2="2010-07-01-a-0")
    on_record(store, "2010-06-30-bbb", "C1", None, "C1", "C10")
    on_record(store, "2010-06-29-aaa", "C2", "C1")
    assert find_prediction(store, "C1") == ("2010-06-30-bbb-2", ["2010-06-29-aaa-1", "2010-06-30-bbb-0"])
    assert find_prediction(store, "C10") == ("2010-06-30-bbb-3", [])


def test_a_record_of_one_contact_alone_is_found(store: LocalStore) -> None:
    on_record(store, "2010-06-30-bbb", "C1")
    path = next(Path(store.root.removeprefix("file://")).rglob("bbb.json"))
    path.write_text(path.read_text().replace("null", "1"))
    assert find_prediction(store, "C1") == ("2010-06-30-bbb-0", [])


def test_a_contact_is_found_whatever_stands_in_its_name(store: LocalStore) -> None:
    on_record(store, "2010-06-30-bbb", 'a "b"', "C1")
    path = next(Path(store.root.removeprefix("file://")).rglob("bbb.json"))
    assert json.dumps('a "b"') in path.read_text()
    assert find_prediction(store, 'a "b"') == ("2010-06-30-bbb-0", [])


@pytest.mark.parametrize("wanted", ["C3", "2010-06-30-bbb-7", "tester"])
def test_who_was_never_scored_is_not_found_and_told_what_to_do(store: LocalStore, wanted: str) -> None:
    on_record(store, "2010-06-30-bbb", "C1")
    on_list(store, "2010-07-01", C2="2010-07-01-a-0")
    with pytest.raises(ArtifactMissing) as refused:
        find_prediction(store, wanted)
    assert str(refused.value) == (
        f"there is no prediction {wanted!r} and none of a contact with this id: it was never scored, or its record was pruned. "
        "`bank-marketing call-list` scores the newest list, and each list names its predictions (in the containers: "
        "docker compose exec airflow-scheduler bank-marketing call-list)"
    )
