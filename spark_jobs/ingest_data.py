"""Spark job of the step `ingest_data`: `spark-submit spark_jobs/ingest_data.py --as-of YYYY-MM-DD …`."""

import sys

from bank_marketing.spark_cli import main

if __name__ == "__main__":
    sys.exit(main("ingest_data"))
