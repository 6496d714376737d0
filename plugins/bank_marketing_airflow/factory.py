"""What all DAGs of all campaigns have in common, once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG, CronDataIntervalTimetable, Param

from bank_marketing_airflow.campaigns import PURPOSES, calendar_of
from bank_marketing_airflow.mail import FailureMail, RunFailureMail
from bank_marketing_airflow.recovered import RetryNote
from bank_marketing_airflow.retry import RETRY_POLICY

#: Of every task. What a DAG file says of a task itself wins.
DEFAULT_ARGS: dict[str, Any] = {
    "owner": "ml-platform",
    "retries": 2,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=10),
    "retry_policy": RETRY_POLICY,
    "execution_timeout": timedelta(minutes=30),
    "on_failure_callback": FailureMail(),
    "on_retry_callback": RetryNote(),
    "weight_rule": "bank_marketing_airflow.priority.BackfillsLast",  # by name: an object would make each parse another DAG
}

#: Before any contact of any campaign: Airflow runs no task for an earlier day, in a backfill neither.
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def campaign_dag(campaign: str, purpose: str, **about: Any) -> DAG:
    """A DAG of a campaign: `<campaign>_<purpose>`, one run at a time, never catching up by itself, telling of a run that fails.

    Args:
        campaign: name of the campaign.
        purpose: one of PURPOSES.
        about: further arguments of the DAG; `tags` are added to the campaign's own.
    """
    return DAG(
        f"{campaign}_{purpose}",
        start_date=LONG_AGO,
        catchup=False,
        max_active_runs=1,
        on_failure_callback=RunFailureMail(),
        default_args=DEFAULT_ARGS | {"priority_weight": PURPOSES[purpose]},
        tags=[campaign.replace("_", "-"), *about.pop("tags")],
        **about,
    )


def schedule_of(campaign: str, purpose: str, cron: str) -> CronDataIntervalTimetable:
    """When a DAG of a campaign runs: `cron` in the time zone of the campaign's calendar."""
    return CronDataIntervalTimetable(cron, timezone=calendar_of(f"{campaign}_{purpose}").timezone)


def day_param(meaning: str) -> Param:
    """The field `as_of` of a trigger form."""
    return Param(None, type=["null", "string"], format="date", title="Day", description=meaning)
