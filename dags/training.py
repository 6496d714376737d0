"""Train, judge and promote the model of a campaign.

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

from datetime import timedelta

from airflow.sdk import Param

from bank_marketing_airflow.approval import PromotionOperator
from bank_marketing_airflow.assets import assets_of
from bank_marketing_airflow.campaigns import campaigns, settings_of
from bank_marketing_airflow.factory import campaign_dag, day_param, schedule_of
from bank_marketing_airflow.operators import ReportOperator, SparkStepOperator, StepOperator, TrainOperator

for campaign in campaigns():
    assets = assets_of(campaign)
    with campaign_dag(
        campaign,
        "training",
        description="From landed files to a promoted model, once a day",
        doc_md=__doc__,
        schedule=schedule_of(campaign, "training", "0 0 * * *"),
        dagrun_timeout=timedelta(hours=3),
        tags=["training"],
        params={
            "as_of": day_param("data up to this day; empty: the logical date"),
            "promote": Param(
                "auto", enum=["auto", "yes", "no"], title="May promote", description="auto: all runs but backfills"
            ),
            "approval": Param(
                settings_of(f"{campaign}_training").approval,
                type="boolean",
                title="Ask a person first",
                description="a better candidate waits for a yes before it goes into production; no answer is a no [BANK_APPROVAL]",
            ),
            "reason": Param(
                None, type=["null", "string"], maxLength=500, title="Reason", description="kept in the promotion record"
            ),
        },
    ):
        ingest = SparkStepOperator(task_id="ingest_data", pool="spark", inlets=[assets.landed], outlets=[assets.snapshot])
        landed = {"ingest_data": ingest.output}
        validate = StepOperator(task_id="validate_data", refs=landed, inlets=[assets.snapshot])
        valid = landed | {"validate_data": validate.output}
        transform = SparkStepOperator(task_id="transform_data", pool="spark", refs=valid, outlets=[assets.features])
        built = valid | {"transform_data": transform.output}
        train = TrainOperator(task_id="train_model", refs=built, inlets=[assets.features], execution_timeout=timedelta(hours=1))
        trained = built | {"train_model": train.output}
        evaluate = StepOperator(task_id="evaluate_model", refs=trained)
        judged = trained | {"evaluate_model": evaluate.output}
        promote = PromotionOperator(task_id="promote_model", refs=judged, outlets=[assets.production_model])
        notify = ReportOperator(task_id="notify_success", refs=judged | {"promote_model": promote.output})

        ingest >> validate >> transform >> train >> evaluate >> promote >> notify
