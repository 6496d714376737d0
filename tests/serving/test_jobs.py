"""A list that was accepted is finished, once, whatever happens to the service; and it is gone after its time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from bank_marketing.artifacts.ids import new_id, time_of
from bank_marketing.scoring.predictions import PredictionLog
from tests.serving.test_files import csv_of, finished, people, send, table
from tests.serving.test_refusals import check
from tests.serving.test_serve import start
from tests.serving.test_serve import wait_for as wait_for_service
from tests.support.mlflow_server import free_port
from tests.support.served import CHOICES, Platform, Running, running
from tests.support.waiting import wait_for

ROWS = 9_000  # five parts, the last of them not whole


def of_file(platform: Platform) -> list[dict[str, Any]]:
    """All records of lists, from the disk."""
    log = PredictionLog(platform.context("log").store)
    found = [json.loads(log.store.read_bytes(uri)) for uri in log.store.list_files(log.store.uri("predictions"))]
    return [record for records in found for record in records if record["source"] == "file"]


def client_of(url: str, key: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=60)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    made = Platform(tmp_path_factory.mktemp("jobs"))
    first = made.train("one", CHOICES[0])
    made.train("two", CHOICES[1])
    made.promote(first)
    return made


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_a_list_is_finished_by_the_next_process_and_recorded_once(
    own: Platform, ending: signal.Signals, tmp_path: Path
) -> None:
    key, port = own.key(), free_port()
    url = f"http://127.0.0.1:{port}"

    def served(log: Path) -> subprocess.Popen[bytes]:
        process = start(own.home, port, log)
        wait_for_service(f"{url}/healthz", process, log)
        return process

    before = len(of_file(own))
    people_here = [row | {"contact_id": f"{ending.name}{number}"} for number, row in enumerate(people(ROWS))]
    process = served(tmp_path / "first.log")
    with client_of(url, key) as client:
        answer = send(client, csv_of(people_here))
        assert answer.status_code == 202, answer.text
        place = answer.headers["location"]
        while client.get(place).json()["state"] == "waiting":
            time.sleep(0.01)
        process.send_signal(ending)
        process.wait(60)
    cut = len(of_file(own)) - before
    assert 0 < cut < ROWS  # it was ended in the middle
    again = served(tmp_path / "second.log")
    try:
        with client_of(url, key) as client:
            wait_for(lambda: client.get(place).json()["state"] == "done", 120)
            status = client.get(place).json()
            ids = {row["prediction_id"] for row in table(client, status, "result")}
            assert (status["done"], len(ids)) == (ROWS, ROWS)
            assert send(client, csv_of(people_here)).headers["location"] == place  # the same list again is this one
    finally:
        os.kill(again.pid, signal.SIGKILL)
        again.wait(60)
    records = of_file(own)[-(len(of_file(own)) - before) :] if before else of_file(own)
    mine = [record for record in of_file(own) if str(record["contact_id"]).startswith(ending.name)]
    assert len(records) == len(mine) == ROWS  # none lost, none twice
    assert {record["prediction_id"] for record in mine} == ids


def test_it_is_finished_with_the_model_that_it_was_accepted_with(own: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    key = own.key("swap")
    with running(own) as server, client_of(server.url, key) as client:
        # The process ends before the list is begun.
        monkeypatch.setattr(type(server.service.files), "_work", lambda *_: None)
        answer = send(client, csv_of(people(21)))
        accepted_with = client.get("/api/v1/model").json()["version"]
    monkeypatch.undo()
    other = next(version for version in own.registry.versions() if version.version != accepted_with)
    own.promote(other)
    with running(own) as server, client_of(server.url, key) as client:
        status = finished(client, answer)
        assert client.get("/api/v1/model").json()["version"] == other.version
        assert (status["state"], status["model"]["version"]) == ("done", accepted_with)


def test_a_list_is_refused_and_removed_after_its_time_without_another_one(platform: Platform, key: str) -> None:
    with running(platform, file_retention_hours=6 / 3600) as server, client_of(server.url, key) as client:
        status = finished(client, send(client, csv_of(people(3))))
        folder = server.service.files.jobs.uri(status["file_id"], "")
        store = server.service.store
        assert list(store.list_files(folder))
        for address in ("", "/result", "/rejected"):
            wait_for(lambda address=address: client.get(f"/api/v1/files/{status['file_id']}{address}").status_code == 404)  # type: ignore[misc]
        wait_for(lambda: not list(store.list_files(folder)))


def test_status_and_content_look_at_the_age_before_anything_is_removed(
    platform: Platform, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(platform) as server, client_of(server.url, key) as client:
        status = finished(client, send(client, csv_of(people(3))))
        jobs = server.service.files.jobs
        monkeypatch.setattr(type(jobs), "purge", lambda _: None)
        monkeypatch.setattr(jobs, "retention", jobs.retention * 0)
        for address in ("", "/result", "/rejected"):
            check(client.get(f"/api/v1/files/{status['file_id']}{address}"), 404, "not-found")


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"\xff"])
@pytest.mark.parametrize("name", ["status.json", "job.json", "lease-1.json"])
def test_one_broken_list_stops_no_other(client: httpx.Client, served: Running, name: str, content: bytes) -> None:
    broken = new_id()
    jobs = served.service.files.jobs
    jobs.write(broken, name, content)
    check(client.get(f"/api/v1/files/{broken}"), 404, "not-found")
    assert finished(client, send(client, csv_of(people(2))))["state"] == "done"
    served.service.files.tend()
    jobs.store.remove(jobs.store.uri("files", broken))


def test_of_several_processes_one_takes_a_list_up(served: Running) -> None:
    jobs, file_id = served.service.files.jobs, new_id()
    assert jobs.claim(file_id)
    assert not jobs.claim(file_id)  # it is held
    lease = json.loads(jobs.content(file_id, "lease-1.json"))
    dead = lease | {"instance": "another", "process": 2**22 + 1}
    jobs.write(file_id, "lease-1.json", json.dumps(dead).encode())
    assert jobs.claim(file_id)  # its process is gone
    assert not jobs.claim(file_id)
    elsewhere = lease | {"instance": "another", "host": "elsewhere"}
    jobs.write(file_id, "lease-2.json", json.dumps(elsewhere).encode())
    assert not jobs.claim(file_id)  # another machine works on it
    assert not jobs.renew(file_id)
    jobs.write(file_id, "lease-2.json", json.dumps(elsewhere | {"seen_at": "2020-01-01T00:00:00Z"}).encode())
    assert jobs.claim(file_id)  # it has not been heard of for long
    jobs.store.remove(jobs.store.uri("files", file_id))


def test_an_id_says_when_it_was_created() -> None:
    moment = time_of(new_id(1_800_000_000_123))
    assert moment is not None
    assert moment.isoformat() == "2027-01-15T08:00:00.123000+00:00"
    assert new_id(1) < new_id(2)
    for strange in ("", "0" * 32, new_id()[:-1], new_id() + "0", "../../etc"):
        assert time_of(strange) is None
