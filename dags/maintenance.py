"""Remove what is older than its retention, once a week.

| what | days it is kept |
|---|---|
| runs and their artifacts | `BANK_RETENTION_RUNS_DAYS` (90) |
| predictions and call lists | `BANK_RETENTION_PREDICTIONS_DAYS` (1826) |
| logs, kept mails, Airflow's past runs | `BANK_RETENTION_LOGS_DAYS` (60) |

Never removed: what production or a former champion was made from, what an open hold or a kept prediction needs, each DAG's last run.
A scheduled run removes; one by hand shows what would go, unless `remove` is `yes`. On the command line: `bank-marketing prune`, a dry run
too. `bank-marketing hold NAME TARGET --reason …` keeps what an audit needs, `bank-marketing release NAME` ends that.

The clean zone, the promotion records and the retraining decisions always stay. MLflow's own files are MLflow's (`mlflow gc`).
What each alert means: `docs/runbooks.md`.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Param

from bank_marketing_airflow.campaigns import campaigns
from bank_marketing_airflow.factory import campaign_dag, schedule_of
from bank_marketing_airflow.housekeeping import CleanMetadataOperator, PruneArtifactsOperator, PruneLogsOperator

for campaign in campaigns():
    with campaign_dag(
        campaign,
        "maintenance",
        description="Old runs, predictions, logs and rows go; what somebody needs stays",
        doc_md=__doc__,
        schedule=schedule_of(campaign, "maintenance", "0 5 * * 0"),
        dagrun_timeout=timedelta(hours=2),
        tags=["maintenance"],
        params={
            "remove": Param(
                "auto",
                enum=["auto", "yes", "no"],
                title="Remove",
                description="auto: scheduled runs remove, runs by hand only show",
            ),
        },
    ):
        artifacts = PruneArtifactsOperator(task_id="prune_artifacts")
        logs = PruneLogsOperator(task_id="prune_logs")
        metadata = CleanMetadataOperator(task_id="clean_metadata")

        artifacts >> logs >> metadata
