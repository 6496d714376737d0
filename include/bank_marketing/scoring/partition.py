"""What an executor does: load the model once a process, then score its rows batch by batch."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from bank_marketing.artifacts.manifest import digest_of
from bank_marketing.contract import Contract
from bank_marketing.economics import Economics
from bank_marketing.modeling.model import TermDepositModel
from bank_marketing.registry.registry import ModelVersion
from bank_marketing.scoring.scorer import Scorer
from bank_marketing.scoring.state import CampaignState

#: Spark's schema of scored rows.
SCORED_SCHEMA = (
    "contact_id string, probability double, decision boolean, expected_profit double, "
    "reasons array<struct<feature: string, value: string, effect: double, text: string>>, input_digest string"
)

#: Models of this process, by digest. One stays: a worker that is used again for another run drops the old one.
_loaded: dict[str, Scorer] = {}


@dataclass(frozen=True)
class ScoringJob:
    """All that an executor needs, small enough to broadcast."""

    model_files: dict[str, bytes]
    version: ModelVersion
    economics: Economics
    contract: Contract
    day: date
    state: CampaignState
    list_size: int


def score_partition(shared: Any, batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Score the Arrow batches of a partition; memory is that of one batch. `shared` is the broadcast ScoringJob."""
    job: ScoringJob = shared.value
    scorer = _scorer(job)
    for batch in batches:
        yield score_batch(scorer, job, batch)


def score_batch(scorer: Scorer, job: ScoringJob, batch: pd.DataFrame) -> pd.DataFrame:
    """Scored rows in the columns of SCORED_SCHEMA."""
    scored = scorer.score(batch, job.day, job.state, job.list_size)
    # Not dataclasses.asdict: its deep copies took half of the time.
    told = [[vars(reason) for reason in found] for found in scored["reasons"]]
    records = batch[input_columns(job.contract)].to_dict("records")
    return scored.assign(
        reasons=pd.Series(told, index=scored.index, dtype=object), input_digest=[digest_of(record) for record in records]
    )


def input_columns(contract: Contract) -> list[str]:
    """What a prediction's `input_digest` covers: the contact and its attributes as they were known before the call."""
    return [column.name for column in contract.prospect_columns]


def _scorer(job: ScoringJob) -> Scorer:
    key = job.version.digest
    if key not in _loaded:
        with tempfile.TemporaryDirectory() as folder:
            for name, content in job.model_files.items():
                (Path(folder) / name).write_bytes(content)
            model = TermDepositModel.load(Path(folder))
        if "n_jobs" in model.estimator.get_params():
            model.estimator.set_params(n_jobs=1)  # one Spark core, one thread: the cores are shared out by Spark
        _loaded.clear()
        _loaded[key] = Scorer(model, job.version, job.economics, job.contract)
    return _loaded[key]
