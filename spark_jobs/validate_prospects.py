"""Spark job of the step `validate_prospects`: `spark-submit spark_jobs/validate_prospects.py --as-of YYYY-MM-DD …`."""

import sys

from bank_marketing.spark_cli import main

if __name__ == "__main__":
    sys.exit(main("validate_prospects"))
