"""The same request with the same key: the same answer, and nothing on record twice; another request with it is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from bank_marketing.scoring.predictions import PredictionLog
from bank_marketing.serving.idempotency import FOLDER
from tests.serving.test_files import csv_of, finished, people
from tests.serving.test_refusals import check
from tests.support.served import PROSPECT, Platform, Running, running

ONE, BATCH, FILES = "/api/v1/predictions", "/api/v1/predictions/batch", "/api/v1/files"


def on_record(platform: Platform) -> int:
    """How many predictions are on record."""
    store = PredictionLog(platform.context("log").store).store
    return sum(len(json.loads(store.read_bytes(uri))) for uri in store.list_files(store.uri("predictions")))


def kept(served: Running) -> list[str]:
    """Places of the kept answers."""
    store = served.service.store
    return list(store.list_files(store.uri(FOLDER)))


def post(client: httpx.Client, path: str, key: str, number: int = 0) -> httpx.Response:
    headers, client_row = {"Idempotency-Key": key}, PROSPECT | {"age": 40 + number}
    if path == FILES:
        files = {"file": ("list.csv", csv_of(people(5 + number)))}
        return client.post(path, files=files, headers=headers)
    body = {"prospect": client_row} if path == ONE else {"prospects": [client_row, PROSPECT]}
    return client.post(path, json=body, headers=headers)


@pytest.mark.parametrize(("path", "records"), [(ONE, 1), (BATCH, 2)])
def test_the_same_request_again_has_the_same_answer_and_no_second_record(
    client: httpx.Client, platform: Platform, path: str, records: int
) -> None:
    before = on_record(platform)
    first, again, other = (post(client, path, key) for key in (f"a{path}", f"a{path}", f"b{path}"))
    assert (first.status_code, again.status_code) == (200, 200), first.text
    assert first.text == again.text != other.text
    assert [answer.headers["Idempotency-Replayed"] for answer in (first, again, other)] == ["false", "true", "false"]
    assert on_record(platform) == before + 2 * records


def test_a_file_sent_again_is_the_accepted_one_whatever_the_boundary_of_its_form(client: httpx.Client) -> None:
    first, again = post(client, FILES, "file"), post(client, FILES, "file")
    assert (first.status_code, again.status_code) == (202, 202)
    assert (first.text, first.headers["location"]) == (again.text, again.headers["location"])
    assert again.headers["Idempotency-Replayed"] == "true"
    assert finished(client, again)["state"] == "done"
    assert post(client, FILES, "file").json() == first.json()  # the answer, not the state since


@pytest.mark.parametrize("path", [ONE, BATCH, FILES])
def test_another_request_with_the_key_is_refused(client: httpx.Client, platform: Platform, path: str) -> None:
    assert post(client, path, "once").is_success
    before = on_record(platform) if path != FILES else 0
    problem = check(post(client, path, "once", 1), 422, "key-reused")
    assert problem["detail"].startswith("This Idempotency-Key was sent with another request within 24 hours.")
    assert path == FILES or on_record(platform) == before


def test_keys_are_each_callers_own_and_each_routes(client: httpx.Client, served: Running, platform: Platform) -> None:
    mine = post(client, ONE, "shared").json()
    with httpx.Client(base_url=served.url, headers={"X-API-Key": platform.key("colleague")}) as other:
        assert post(other, ONE, "shared", 1).json()["prediction_id"] != mine["prediction_id"]
    assert post(client, BATCH, "shared").status_code == 200


@pytest.mark.parametrize("given", ["", "x" * 201, "a b"])
def test_a_key_that_is_none_is_refused_in_words(client: httpx.Client, given: str) -> None:
    problem = check(post(client, ONE, given), 422, "invalid-request")
    assert problem["errors"][0]["field"] == "Idempotency-Key"
    assert "String" not in problem["errors"][0]["problem"]


def test_a_refused_request_leaves_its_key_free(client: httpx.Client, served: Running) -> None:
    before = len(kept(served))
    early = {"prospect": PROSPECT, "day": "2009-05-04"}
    check(client.post(ONE, json=early, headers={"Idempotency-Key": "late"}), 422, "invalid-request")
    assert len(kept(served)) == before
    assert post(client, ONE, "late").status_code == 200


def test_without_a_key_nothing_is_kept(client: httpx.Client, served: Running) -> None:
    before = kept(served)
    answer = client.post(ONE, json={"prospect": PROSPECT})
    assert "Idempotency-Replayed" not in answer.headers
    assert kept(served) == before


def test_it_holds_over_a_restart(platform: Platform, key: str) -> None:
    answers = []
    for _ in range(2):
        with running(platform) as server, httpx.Client(base_url=server.url, headers={"X-API-Key": key}) as client:
            answers.append(post(client, ONE, "restarted"))
    assert answers[0].text == answers[1].text
    assert answers[1].headers["Idempotency-Replayed"] == "true"


def rewritten(served: Running, place: str, **changes: Any) -> dict[str, Any]:
    """A kept answer, altered on the disk."""
    entry: dict[str, Any] = json.loads(served.service.store.read_bytes(place)) | changes
    served.service.store.write_bytes(place, json.dumps(entry).encode())
    return entry


def test_a_request_that_is_being_answered_waits_and_a_lost_one_is_taken_up_under_its_id(
    client: httpx.Client, served: Running, platform: Platform
) -> None:
    before = set(kept(served))
    first, recorded = post(client, ONE, "cut"), on_record(platform)
    (place,) = set(kept(served)) - before
    entry = rewritten(served, place, answer="")  # the process was ended between the record and the answer
    busy = post(client, ONE, "cut")
    check(busy, 409, "conflict")
    assert busy.headers["retry-after"] == "1"
    rewritten(served, place, lease=entry["lease"] | {"instance": "another", "process": 2**22 + 1})
    again = post(client, ONE, "cut")
    assert (again.status_code, again.json()) == (200, first.json())
    assert on_record(platform) == recorded
    rewritten(served, place, answer="", lease=entry["lease"] | {"released": True})
    record = served.service.store.uri("predictions", str(first.json()["prediction_id"])[:10], f"{entry['record'][11:]}.json")
    (known,) = json.loads(served.service.store.read_bytes(record))
    served.service.store.write_bytes(record, json.dumps([known | {"model_digest": "another"}]).encode())
    assert first.json()["prediction_id"] in check(post(client, ONE, "cut"), 409, "conflict")["detail"]


def test_after_a_day_the_key_is_free_and_the_answer_goes(client: httpx.Client, served: Running) -> None:
    before = set(kept(served))
    first = post(client, ONE, "old")
    (place,) = set(kept(served)) - before
    long_ago = datetime.now(UTC) - timedelta(hours=25)
    rewritten(served, place, at=long_ago.isoformat())
    store, day = served.service.store, place.split("/")[-2]
    past = place.replace(day, f"{long_ago:%Y-%m-%d}")
    store.write_bytes(past, store.read_bytes(place))
    store.remove(place)
    assert post(client, ONE, "old", 1).json()["prediction_id"] != first.json()["prediction_id"]
    gone = store.uri(FOLDER, "2020-01-01", "x.json")
    store.write_bytes(gone, b"client data")
    served.service.answers._swept = None
    served.service.answers.sweep()
    assert not store.exists(gone)
    assert place in kept(served)


@pytest.mark.parametrize("content", [b"", b"{", b"{}"])
def test_a_broken_answer_stops_nobody(client: httpx.Client, served: Running, content: bytes) -> None:
    before = set(kept(served))
    post(client, ONE, f"broken{content!r}")
    (place,) = set(kept(served)) - before
    served.service.store.write_bytes(place, content)
    assert post(client, ONE, f"broken{content!r}").status_code == 200
