"""A customer list as a file: good rows scored and ranked, bad rows back with their reasons."""

from __future__ import annotations

import csv
import io
import threading
import time
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from bank_marketing.economics import Economics
from bank_marketing.scoring.predictions import PredictionLog
from bank_marketing.serving.files import curve
from tests.serving.test_refusals import check
from tests.support.campaign import CONTRACT
from tests.support.served import PROSPECT, Platform, Running, running


def csv_of(rows: Sequence[dict[str, Any]], delimiter: str = ";", *, source_names: bool = True) -> str:
    names = [CONTRACT[name].source_name if source_names else name for name in rows[0]]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(names)
    writer.writerows(row.values() for row in rows)
    return out.getvalue()


def people(n: int) -> list[dict[str, Any]]:
    jobs = CONTRACT["job"].categories
    return [PROSPECT | {"contact_id": f"T{i:05d}", "age": 18 + i % 60, "job": jobs[i % len(jobs)]} for i in range(n)]


def send(client: httpx.Client, text: str | bytes, **form: Any) -> httpx.Response:
    return client.post("/api/v1/files", files={"file": ("list.csv", text)}, data=form)


def finished(client: httpx.Client, answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    deadline = time.monotonic() + 60
    while True:
        status: dict[str, Any] = client.get(answer.headers["location"]).json()
        if status["state"] in ("done", "failed"):
            return status
        assert time.monotonic() < deadline, status
        time.sleep(0.05)


def table(client: httpx.Client, status: dict[str, Any], part: str, **query: Any) -> list[dict[str, str]]:
    answer = client.get(f"/api/v1/files/{status['file_id']}/{part}", params=query)
    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["content-disposition"]
    return list(csv.DictReader(io.StringIO(answer.text), delimiter=";"))


@pytest.mark.parametrize(("delimiter", "source_names"), [(";", True), (",", False)])
def test_rows_are_scored_as_a_batch_scores_them_and_ranked(client: httpx.Client, delimiter: str, source_names: bool) -> None:
    rows = people(50)
    status = finished(client, send(client, csv_of(rows, delimiter, source_names=source_names)))
    assert (status["state"], status["rows"], status["accepted"], status["rejected"], status["done"]) == ("done", 50, 50, 0, 50)
    result = table(client, status, "result")
    batch = client.post("/api/v1/predictions/batch", json={"prospects": rows, "list_size": 50}).json()["predictions"]
    expected = {entry["contact_id"]: entry["probability"] for entry in batch}
    assert {row["contact_id"]: float(row["probability"]) for row in result} == expected
    chances = [float(row["probability"]) for row in result]
    assert chances == sorted(chances, reverse=True)
    assert [row["rank"] for row in result] == [str(n) for n in range(1, 51)]
    assert sum(row["decision"] == "call" for row in result) == status["called"]
    assert len(table(client, status, "result", top=7)) == 7


def test_bad_rows_come_back_with_their_line_and_reasons(client: httpx.Client) -> None:
    rows = people(4)
    rows[1]["age"], rows[2]["job"] = 7, "=cmd()"
    text = csv_of(rows) + "1;2;3\r\n\r\n"
    status = finished(client, send(client, text))
    assert (status["rows"], status["accepted"], status["rejected"]) == (5, 2, 3)
    bad = table(client, status, "rejected")
    assert [row["line"] for row in bad] == ["3", "4", "6"]
    assert bad[0]["problems"] == "age 7 must be at least 17 years"
    assert bad[1]["problems"].startswith("job '=cmd()' is not known; allowed: admin., blue-collar")
    assert bad[1]["job"] == "'=cmd()"  # no spreadsheet runs it
    assert bad[2]["problems"].startswith("3 cells instead of 18")


def test_each_scored_row_is_on_record(client: httpx.Client, platform: Platform) -> None:
    status = finished(client, send(client, csv_of(people(3))))
    log = PredictionLog(platform.context("log").store)
    for row in table(client, status, "result"):
        record = log.get(row["prediction_id"])
        assert (record.source, record.contact_id, record.probability) == ("file", row["contact_id"], float(row["probability"]))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "it is empty"),
        ("a;b\n1;2\n", "its first line must name the columns, and it names none of them ('a', 'b')"),
        (csv_of([{k: v for k, v in PROSPECT.items() if k != "age"}]), "missing columns: age"),
        (csv_of([PROSPECT]).splitlines()[0], "no rows"),
        (b"PK\x03\x04\xff\xfe", "the workbook is damaged"),
        (csv_of([PROSPECT]).encode() + b"\x00\x01", "no text that could be read"),
    ],
)
def test_what_is_no_list_of_prospects_is_refused_whole(client: httpx.Client, text: str | bytes, told: str) -> None:
    problem = check(send(client, text), 422, "invalid-request")
    assert told in problem["detail"]


def test_too_long_and_too_large_files_are_refused(platform: Platform, key: str) -> None:
    with running(platform, max_file_rows=3, max_file_bytes=3000) as server:
        client = httpx.Client(base_url=server.url, headers={"X-API-Key": key})
        check(send(client, csv_of(people(4))), 413, "too-large")
        check(send(client, csv_of(people(100))), 413, "too-large")
        assert finished(client, send(client, csv_of(people(3))))["state"] == "done"


def test_no_more_files_wait_than_fit_into_memory(platform: Platform, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(platform, max_open_files=1) as server:
        client = httpx.Client(base_url=server.url, headers={"X-API-Key": key}, timeout=30)
        going, score = threading.Event(), server.service.predictor.score

        def slow(*given: Any) -> Any:
            going.wait(60)
            return score(*given)

        monkeypatch.setattr(server.service.predictor, "score", slow)
        first = send(client, csv_of(people(31)))
        check(send(client, csv_of(people(32))), 503, "unavailable")
        going.set()
        assert finished(client, first)["state"] == "done"
        while (refused := send(client, "no list")).status_code == 503:  # the place of the first is free in a moment
            time.sleep(0.05)
        check(refused, 422, "invalid-request")  # and a refused file leaves its own to the next
        assert finished(client, send(client, csv_of(people(33))))["state"] == "done"


def test_a_file_belongs_to_who_sent_it(client: httpx.Client, served: Running, platform: Platform) -> None:
    status = finished(client, send(client, csv_of(people(2))))
    other = {"X-API-Key": platform.key("other")}
    for address in ("", "/result", "/rejected"):
        check(httpx.get(f"{served.url}/api/v1/files/{status['file_id']}{address}", headers=other), 404, "not-found")


def test_a_model_that_goes_away_meanwhile_is_said(
    client: httpx.Client, served: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("T00001 is a secret")

    monkeypatch.setattr(served.service.predictor, "score", broken)
    status = finished(client, send(client, csv_of(people(34))))
    assert (status["state"], status["problem"]) == ("failed", "The service failed; its log has the reason.")
    check(client.get(f"/api/v1/files/{status['file_id']}/result"), 409, "not-finished")


def test_the_curve_adds_up_probabilities_and_money() -> None:
    made = curve([0.5, 0.25, 0.1], Economics(call_cost=8, deposit_margin=40), 0.2)
    assert [point[0] for point in made["points"]] == [1, 2, 3]
    assert [point[2] for point in made["points"]] == [0.5, 0.75, 0.85]
    assert made["called"] == 2
    long = curve([0.5] * 12_345, Economics(3, 17), 0.2)
    assert len(long["points"]) <= 500
    assert long["points"][-1][0] == 12_345
    assert curve([], Economics(3, 17), 0.2)["points"] == []
