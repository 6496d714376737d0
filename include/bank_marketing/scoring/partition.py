"""What an executor does: load the model once a process, then score its rows batch by batch."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bank_marketing.contract import Contract
from bank_marketing.economics import Economics
from bank_marketing.modeling.explanations import ReasonTable
from bank_marketing.modeling.model import TermDepositModel
from bank_marketing.registry.registry import ModelVersion
from bank_marketing.scoring.inputs import input_digests
from bank_marketing.scoring.scorer import Scorer
from bank_marketing.scoring.state import CampaignState

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

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


def score_partition(shared: Any, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Score the Arrow batches of a partition; memory is that of one batch. `shared` is the broadcast ScoringJob."""
    job: ScoringJob = shared.value
    scorer = _scorer(job)
    for batch in batches:
        yield score_batch(scorer, job, batch)


def score_batch(scorer: Scorer, job: ScoringJob, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Scored rows in the columns of SCORED_SCHEMA."""
    import pyarrow as pa

    prospects = batch.to_pandas()
    scored, reasons = scorer.score_columns(prospects, job.day, job.state, job.list_size, all_reasons=False)
    columns = {name: pa.array(scored[name]) for name in ("contact_id", "probability", "decision", "expected_profit")}
    columns |= {"reasons": _reasons(reasons), "input_digest": pa.array(input_digests(_values(prospects), job.contract))}
    return pa.RecordBatch.from_pydict(columns)


def _values(prospects: pd.DataFrame) -> dict[str, list[Any]]:
    return {name: prospects[name].tolist() for name in map(str, prospects)}


def _reasons(reasons: ReasonTable) -> pa.ListArray:
    import pyarrow as pa

    codes = pa.array(reasons.codes)
    words = zip(*reasons.words, strict=True) if reasons.words else ((), (), ())
    feature, value, text = (pa.array(one, pa.string()).take(codes) for one in words)
    members = {"feature": feature, "value": value, "effect": pa.array(reasons.effects), "text": text}
    found = pa.StructArray.from_arrays(list(members.values()), list(members))
    return pa.ListArray.from_arrays(pa.array(reasons.starts, pa.int32()), found)


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
