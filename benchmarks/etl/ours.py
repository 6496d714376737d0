"""The platform's own step: `python -m benchmarks.etl.ours ZONE OUT` runs `ingest_data` and prints the counts as JSON."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

from bank_marketing.components.context import RunContext
from bank_marketing.components.ingest_data import IngestionConfig, IngestionInputs, run
from bank_marketing.settings import Settings

if __name__ == "__main__":
    zone, out = Path(sys.argv[1]), Path(sys.argv[2])
    settings = Settings(home=out, landing_root=zone, landing_settle_seconds=0)
    context = RunContext("benchmark", "etl", date(2010, 12, 31), settings)
    snapshot = run(IngestionConfig(max_reject_share=1), IngestionInputs(), context).snapshot
    warned = sum(sum(day.warnings.values()) for day in snapshot.days)
    print(
        json.dumps(
            {name: snapshot.rows[name] for name in ("clean", "rejected", "duplicates", "superseded")} | {"warned": warned}
        )
    )
