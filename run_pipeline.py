"""The training pipeline without Airflow: `python run_pipeline.py --as-of 2010-06-30`. For development and tests."""

import sys

from bank_marketing.cli import app

if __name__ == "__main__":
    app(["train", *sys.argv[1:]])
