"""The archive as UCI publishes it. Standard library only: the set-up's doctor reads it before anything is installed."""

from __future__ import annotations

ARCHIVE_NAME = "bank-additional.zip"
ARCHIVE_SHA256 = "a607b5edab6c6c75ce09c39142a77702c38123bd5aa7ae89a63503bbe17d65cd"
CSV_NAME = "bank-additional/bank-additional-full.csv"
CSV_SHA256 = "74adfc578bf77a7ff4bb1ba4a9f8709d9e3c6907342959c2c8416847e0afb4d8"

#: The outer file of the first one is repacked by UCI from time to time, so only what is inside is pinned.
UCI_URLS = (
    "https://archive.ics.uci.edu/static/public/222/bank+marketing.zip",
    "https://archive.ics.uci.edu/ml/machine-learning-databases/00222/bank-additional.zip",
)
