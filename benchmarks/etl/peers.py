"""The same work by hand in another engine: `python -m benchmarks.etl.peers ENGINE ZONE OUT` prints the counts as JSON.

Each reads every day's file as text, types and judges every cell and row as the contract says, keeps the last row of a contact, writes
clean rows and rejected rows (with their reasons and places) as Parquet by day, looks for contacts of two days, and hashes what it
read and wrote. Each does it as its users would: columnar, on all cores, nothing kept that is not needed.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

from bank_marketing.campaign import open_campaign
from bank_marketing.settings import Settings
from benchmarks.etl.work import hash_files

if __name__ == "__main__":
    engine, zone, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    counts = importlib.import_module(f"benchmarks.etl.with_{engine}").clean(
        zone, out, open_campaign(Settings(home=zone)).contract
    )
    hash_files(zone / "contacts")
    hash_files(out)
    print(json.dumps(counts))
