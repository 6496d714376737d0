"""The protocol's predictions on the first campaign are those that the published figures were computed from, bit for bit.

`first_campaign.json` was made by `bank-marketing evaluate-protocol --as-of 2010-12-31` at commit 009ee92: a digest a model and month.
Linear algebra may round otherwise on another kind of processor; there, sums and decisions are compared instead of digests.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from threadpoolctl import threadpool_info  # type: ignore[import-untyped]

from bank_marketing.economics import Economics
from bank_marketing.modeling import protocol
from bank_marketing.modeling.experiments import baseline_predictions
from bank_marketing.modeling.results import Results
from bank_marketing.modeling.search import data_digest
from tests.support.campaign import CAMPAIGN
from tests.support.campaign_features import campaign_features

BEFORE = json.loads(Path(__file__).with_name("first_campaign.json").read_text(encoding="utf-8"))

#: Prices of the published figures.
PUBLISHED = Economics(8, 40)


def machine() -> list[str]:
    """What rounds: the linear algebra libraries and the processor that they were built for."""
    return sorted({f"{entry['internal_api']} {entry['version']} {entry.get('architecture')}" for entry in threadpool_info()
                   if entry["user_api"] == "blas"})  # fmt: skip


def summary(predictions: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """A digest of each month's predictions, and what can be compared where the last bit differs."""
    return {
        str(month): {
            "digest": _digest(rows),
            "rows": len(rows),
            "called": int(rows["called"].sum()),
            "sums": [round(float(rows[name].sum()), 6) for name in ("raw", "probability", "threshold")],
        }
        for month, rows in predictions.groupby("month")
    }


def _digest(rows: pd.DataFrame) -> str:
    digest = hashlib.sha256("\n".join(rows["contact_id"]).encode())
    for name in ("raw", "probability", "threshold"):
        digest.update(rows[name].to_numpy(float).tobytes())
    digest.update(rows["called"].to_numpy(bool).tobytes())
    return digest.hexdigest()


@pytest.fixture(scope="module")
def table(archive_path: Path) -> pd.DataFrame:
    found, real = campaign_features()
    assert real
    return protocol.in_time_order(found)


def compare(found: dict[str, dict[str, Any]], before: dict[str, dict[str, Any]]) -> None:
    assert list(found) == list(before)
    for month, said in before.items():
        assert (found[month]["rows"], found[month]["called"]) == (said["rows"], said["called"]), month
        assert found[month]["sums"] == pytest.approx(said["sums"], rel=1e-6, abs=1e-6), month
        if machine() == BEFORE["made_on"]:
            assert found[month]["digest"] == said["digest"], month


def test_the_shipped_models_predictions_are_bit_for_bit_those_that_were_published(table: pd.DataFrame) -> None:
    winner = Results.model_validate_json(CAMPAIGN.results_file.read_bytes()).winner
    raw = protocol.out_of_sample(winner.choice, table, CAMPAIGN.features)
    compare(summary(protocol.decide(winner.choice, table, raw, economics=PUBLISHED)), BEFORE["months"][winner.name])


def test_the_baselines_too(table: pd.DataFrame, tmp_path: Path) -> None:
    found = baseline_predictions(table, CAMPAIGN.features, tmp_path, data_digest(table), PUBLISHED)
    for name, before in BEFORE["months"].items():
        if name in found:
            compare(summary(found[name]), before)
    assert len(set(found) & set(BEFORE["months"])) == 3
