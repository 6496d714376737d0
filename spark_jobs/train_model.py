"""Spark job of the step `train_model`, for choices with `spark_workers`: `spark-submit spark_jobs/train_model.py --as-of YYYY-MM-DD …`."""

import sys

from bank_marketing.spark_cli import main

if __name__ == "__main__":
    sys.exit(main("train_model"))
