"""One client and several: the same answer as the batch job, on record, in one documented shape."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import httpx
import pandas as pd
import pytest

from bank_marketing.campaign import open_campaign
from bank_marketing.scoring.predictions import PredictionLog
from bank_marketing.scoring.scorer import Scorer, latest_campaign_state
from tests.support.campaign import CONTRACT
from tests.support.served import NEXT_DAY, PROSPECT, Platform

OTHERS = [
    PROSPECT | {"contact_id": f"T{n:05d}", "age": 20 + n, "job": job} for n, job in enumerate(("student", "admin.", "services"))
]


def predict(client: httpx.Client, **changes: Any) -> httpx.Response:
    return client.post("/api/v1/predictions", json={"prospect": PROSPECT | changes})


def test_the_answer_is_that_of_the_batch_job_to_the_last_digit(client: httpx.Client, platform: Platform) -> None:
    version = platform.registry.production()
    scorer = Scorer(platform.registry.load(version), version, open_campaign(platform.settings).economics, CONTRACT)
    rows = pd.DataFrame([row | {"month": "may", "day_of_week": "tue"} for row in (PROSPECT, *OTHERS)])
    state = latest_campaign_state(platform.context("state").store)
    batch = scorer.score(rows, NEXT_DAY, state, state.counts["list_size"])
    single = [client.post("/api/v1/predictions", json={"prospect": row}).json() for row in (PROSPECT, *OTHERS)]
    together = client.post("/api/v1/predictions/batch", json={"prospects": [PROSPECT, *OTHERS]}).json()
    for answers in (single, together["predictions"]):
        assert [answer["probability"] for answer in answers] == batch["probability"].tolist()
        assert [answer["expected_profit"] for answer in answers] == batch["expected_profit"].tolist()
        assert [answer["decision"] for answer in answers] == batch["decision"].tolist()
        assert [[r["text"] for r in a["reasons"]] for a in answers] == [[r.text for r in row] for row in batch["reasons"]]


def test_an_answer_says_what_it_was_made_from(client: httpx.Client, platform: Platform) -> None:
    answer = predict(client).json()
    assert (answer["day"], answer["campaign"]["last_contact_day"], answer["campaign"]["age_days"]) == (
        "2009-05-05",
        "2009-05-04",
        1,
    )
    assert answer["campaign"]["stale"] is False
    assert answer["model"]["digest"] == platform.registry.production().digest
    assert answer["decision"] == (answer["probability"] >= answer["threshold"])


def test_a_prediction_is_on_record_with_who_asked(client: httpx.Client, platform: Platform) -> None:
    answer = predict(client).json()
    record = PredictionLog(platform.context("log").store).get(answer["prediction_id"])
    assert (record.source, record.who, record.contact_id, record.day) == ("api", "tester", "T00001", NEXT_DAY)
    assert (record.probability, record.model_version) == (answer["probability"], answer["model"]["version"])
    traced = client.get(f"/api/v1/predictions/{answer['prediction_id']}")
    assert traced.status_code == 200
    assert answer["prediction_id"] in traced.text


def test_the_same_input_has_the_same_digest_and_another_id(client: httpx.Client, platform: Platform) -> None:
    log = PredictionLog(platform.context("log").store)
    one, two, other = (log.get(predict(client, age=age).json()["prediction_id"]) for age in (64, 64, 65))
    assert one.input_digest == two.input_digest != other.input_digest
    assert one.prediction_id != two.prediction_id


def test_a_day_far_ahead_is_scored_with_features_that_are_said_to_be_stale(client: httpx.Client) -> None:
    answer = client.post("/api/v1/predictions", json={"prospect": PROSPECT, "day": "2009-06-01"}).json()
    assert (answer["campaign"]["age_days"], answer["campaign"]["stale"]) == (28, True)


@pytest.mark.parametrize("day", ["2009-05-04", "2008-01-01"])
def test_a_day_whose_outcome_is_known_is_refused(client: httpx.Client, day: str) -> None:
    answer = client.post("/api/v1/predictions", json={"prospect": PROSPECT, "day": day})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["problem"].startswith("must be after 2009-05-04")


def test_a_month_that_is_not_the_days_own_is_refused(client: httpx.Client) -> None:
    assert predict(client, month="may", day_of_week="tue").status_code == 200
    told = predict(client, month="jun", day_of_week="tue").json()
    assert told["errors"] == [
        {"field": "prospect.month", "problem": "Month of 2009-05-05 is may; leave it out, it follows from the day"}
    ]


def test_the_model_route_tells_what_is_in_production(client: httpx.Client, platform: Platform) -> None:
    told = client.get("/api/v1/model").json()
    version = platform.registry.production()
    assert (told["version"], told["digest"], told["stage"]) == (version.version, version.digest, "production")
    assert (told["trained_through"], told["as_of"]) == ("2009-04-10", "2009-05-04")
    assert told["metrics"]["rows"] == 720
    assert date.fromisoformat(told["registered_at"][:10])


def test_the_figures_for_prometheus_count_what_was_asked(client: httpx.Client) -> None:
    def count() -> float:
        lines = client.get("/metrics").text.splitlines()
        found = [line for line in lines if line.startswith("bank_api_requests_total{") and '/api/v1/predictions"' in line]
        return sum(float(line.rpartition(" ")[2]) for line in found)

    before = count()
    predict(client)
    predict(client, age=3)
    assert count() == before + 2
    assert "bank_api_model_info{" in client.get("/metrics").text
    assert "bank_api_score_bucket" in client.get("/metrics").text
    assert "process_resident_memory_bytes" in client.get("/metrics").text
    published = next(
        line for line in client.get("/metrics").text.splitlines() if line.startswith("bank_api_features_published")
    )
    assert 0 < time.time() - float(published.split()[1]) < 3600
