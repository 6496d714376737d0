"""Spark job of the step `score_prospects`: `spark-submit spark_jobs/score_prospects.py --as-of YYYY-MM-DD …`."""

import sys

from bank_marketing.spark_cli import main

if __name__ == "__main__":
    sys.exit(main("score_prospects"))
