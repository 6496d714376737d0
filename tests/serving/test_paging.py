"""What a caller has on record, page by page: all of it once, nothing of others, and never more than was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from bank_marketing.scoring import predictions
from tests.serving.test_files import csv_of, finished, people, send
from tests.serving.test_refusals import check
from tests.support.served import PROSPECT, Platform, Running


@pytest.fixture
def fresh(served: Running, platform: Platform, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """Somebody who has nothing on record yet."""
    key = platform.key(request.node.name)
    with httpx.Client(base_url=served.url, headers={"X-API-Key": key}, timeout=30) as made:
        yield made


def pages(client: httpx.Client, address: str, kind: str) -> list[list[dict[str, Any]]]:
    """All pages, found by the header alone."""
    found = []
    while address:
        answer = client.get(address)
        assert answer.status_code == 200, answer.text
        found.append(answer.json()[kind])
        link = re.fullmatch(r'<(.+)>; rel="next"', answer.headers.get("link", ""))
        assert bool(answer.json()["next"]) == bool(link)
        address = link[1] if link else ""
    return found


@pytest.mark.parametrize(("limit", "sizes"), [(1, [1] * 5), (2, [2, 2, 1]), (5, [5]), (500, [5])])
def test_predictions_come_once_each_and_are_the_callers_own(fresh: httpx.Client, limit: int, sizes: list[int]) -> None:
    rows = [PROSPECT | {"contact_id": f"P{number}"} for number in range(5)]
    batch = fresh.post("/api/v1/predictions/batch", json={"prospects": rows[:3]}).json()["predictions"]
    made = [entry["prediction_id"] for entry in batch]
    made += [fresh.post("/api/v1/predictions", json={"prospect": row}).json()["prediction_id"] for row in rows[3:]]
    found = [page for page in pages(fresh, f"/api/v1/predictions?limit={limit}", "predictions") if page]
    assert [len(page) for page in found] == sizes
    assert sorted(entry["prediction_id"] for page in found for entry in page) == sorted(made)
    assert fresh.get("/api/v1/predictions", params={"on": "2020-01-01"}).json() == {"predictions": [], "next": None}


def test_a_page_reads_a_bounded_number_of_objects(fresh: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictions, "MOST_READ", 2)
    made = {fresh.post("/api/v1/predictions", json={"prospect": PROSPECT}).json()["prediction_id"] for _ in range(3)}
    found = pages(fresh, "/api/v1/predictions", "predictions")
    assert len(found) > 1
    assert {entry["prediction_id"] for page in found for entry in page} == made


@pytest.mark.parametrize(("limit", "sizes"), [(1, [1, 1, 1]), (2, [2, 1]), (3, [3])])
def test_files_come_newest_first_and_are_the_callers_own(fresh: httpx.Client, limit: int, sizes: list[int]) -> None:
    sent = [finished(fresh, send(fresh, csv_of(people(number))))["file_id"] for number in (1, 2, 3)]
    found = pages(fresh, f"/api/v1/files?limit={limit}", "files")
    assert [len(page) for page in found] == sizes
    assert [entry["file_id"] for page in found for entry in page] == sent[::-1]


@pytest.mark.parametrize("path", ["/api/v1/predictions", "/api/v1/files"])
@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 501}, {"cursor": "../.."}, {"cursor": ""}])
def test_pages_are_bounded_and_cursors_are_ours(client: httpx.Client, path: str, query: dict[str, Any]) -> None:
    assert check(client.get(path, params=query), 422, "invalid-request")["errors"][0]["field"] in ("limit", "cursor")
