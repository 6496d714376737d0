"""Train, judge and promote the term-deposit model.

Every night: ingest what landed up to the run's day, validate it against the data contract, build point-in-time features, train what
`results.json` says, judge the candidate against the model in production on the same unseen days, promote it only if it is better,
and report. Where the run asks for it (`approval`), `promote_model` waits for a person, who has the last word.

| trigger | day it works on (`as_of`) | may promote |
|---|---|---|
| schedule | the logical date, the day that just ended | yes |
| by hand | the parameter `as_of`, else the logical date (today in the form) | yes, unless `promote` is `no` |
| backfill | the logical date of each run | no, unless `promote` is `yes` |

A run that may not promote, and one for a day before the newest that was trained on, announces neither data nor features: monitoring
looks at evenings, not at the past. A version that a person has refused or rolled back goes to production by a person's word alone.

The schedule of a campaign that has ended skips with one sentence; a run by hand then names its day.

Each run trains anew: to force a retraining, trigger it. A task that fails for bad data or bad configuration is not retried. What each
alert means: `docs/runbooks.md`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, CronDataIntervalTimetable, Param

from bank_marketing.settings import Settings
from bank_marketing_airflow.approval import PromotionOperator
from bank_marketing_airflow.assets import FEATURES, LANDED, PRODUCTION_MODEL, SNAPSHOT
from bank_marketing_airflow.mail import FailureMail, RunFailureMail
from bank_marketing_airflow.operators import ReportOperator, SparkStepOperator, StepOperator, TrainOperator
from bank_marketing_airflow.retry import RETRY_POLICY

with DAG(
    "bank_marketing_training",
    description="From landed files to a promoted model, once a day",
    doc_md=__doc__,
    schedule=CronDataIntervalTimetable("0 0 * * *", timezone="UTC"),
    start_date=datetime(2008, 5, 5, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=3),
    on_failure_callback=RunFailureMail(),
    tags=["bank-marketing", "training"],
    params={
        "as_of": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Day",
            description="data up to this day; empty: the logical date",
        ),
        "promote": Param("auto", enum=["auto", "yes", "no"], title="May promote", description="auto: all runs but backfills"),
        "approval": Param(
            Settings().approval,
            type="boolean",
            title="Ask a person first",
            description="a better candidate waits for a yes before it goes into production; no answer is a no [BANK_APPROVAL]",
        ),
        "reason": Param(
            None, type=["null", "string"], maxLength=500, title="Reason", description="kept in the promotion record"
        ),
    },
    default_args={
        "owner": "ml-platform",
        "retries": 2,
        "retry_delay": timedelta(seconds=30),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=10),
        "retry_policy": RETRY_POLICY,
        "execution_timeout": timedelta(minutes=30),
        "on_failure_callback": FailureMail(),
    },
) as dag:
    ingest = SparkStepOperator(task_id="ingest_data", pool="spark", inlets=[LANDED], outlets=[SNAPSHOT])
    landed = {"ingest_data": ingest.output}
    validate = StepOperator(task_id="validate_data", refs=landed, inlets=[SNAPSHOT])
    valid = landed | {"validate_data": validate.output}
    transform = SparkStepOperator(task_id="transform_data", pool="spark", refs=valid, outlets=[FEATURES])
    built = valid | {"transform_data": transform.output}
    train = TrainOperator(task_id="train_model", refs=built, inlets=[FEATURES], execution_timeout=timedelta(hours=1))
    trained = built | {"train_model": train.output}
    evaluate = StepOperator(task_id="evaluate_model", refs=trained)
    judged = trained | {"evaluate_model": evaluate.output}
    promote = PromotionOperator(task_id="promote_model", refs=judged, outlets=[PRODUCTION_MODEL])
    notify = ReportOperator(task_id="notify_success", refs=judged | {"promote_model": promote.output})

    ingest >> validate >> transform >> train >> evaluate >> promote >> notify
