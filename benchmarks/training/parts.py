"""One measured part in a process of its own: `python -m benchmarks.training.parts solver|platform FEATURES TIMES` prints JSON.

`platform` is what `train_model` does with the rows that it has read: six fits of the chosen model and their out-of-sample predictions.
`solver` is the library's own `fit` on the six matrices, which are there before the clock starts.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from bank_marketing.campaign import open_campaign
from bank_marketing.modeling.encoding import FeatureEncoder
from bank_marketing.modeling.estimators import make_estimator
from bank_marketing.modeling.model import VALIDATION_BLOCKS, train
from bank_marketing.modeling.prepared_rows import PreparedRows
from bank_marketing.modeling.results import load_results
from bank_marketing.settings import Settings


def cpu() -> float:
    """Processor seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Processor seconds of some work, and what it returns."""
    before = cpu()
    found = work()
    return cpu() - before, found


def main(part: str, features: Path, times: int) -> None:
    """Measure a part on the features, each row so many times."""
    campaign = open_campaign(Settings())
    choice = load_results(campaign.results_file, campaign.contract).winner.choice
    table = pd.read_parquet(features)
    table["contact_date"] = table["contact_date"].astype(str)
    table = table[table["split"] != "holdout"].sort_values(["contact_date", "contact_id"], ignore_index=True)
    table = table.loc[np.repeat(np.arange(len(table)), times)].reset_index(drop=True)
    known, validation = table[table["split"] == "train"], table[table["split"] == "validation"]
    del table
    if part == "platform":
        seconds, (model, _) = timed(
            lambda: train(choice, known, validation, spec=campaign.features, economics=campaign.economics)
        )
        coefficients = model.estimator.coef_
    else:
        prepared = PreparedRows(choice, (known, validation), campaign.features)
        days = np.array_split(np.sort(validation["contact_date"].unique()), VALIDATION_BLOCKS)
        counts = [len(known) + int((validation["contact_date"] < block[0]).sum()) for block in days]
        seconds = 0.0
        for count in [*counts, len(known) + len(validation)]:
            rows = prepared.window(count)
            read, weights = prepared.read(rows), prepared.weights(rows)
            X = FeatureEncoder.of(choice, campaign.features).fit_read(read).encode_read(read)
            with threadpool_limits(limits=1):
                fitting, estimator = timed(lambda: make_estimator(choice).fit(X, prepared.y[rows], sample_weight=weights))  # noqa: B023  called at once
            seconds += fitting
        coefficients = estimator.coef_
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    rows_known = len(known) + len(validation)
    print(json.dumps({"part": part, "rows": rows_known, "cpu": seconds, "memory": memory, "sum": float(coefficients.sum())}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
