"""Score the clients of the next contact day, and publish who is to be called.

Every night: pin the version in production, check the coming call list against the data contract (bad rows are quarantined with their
reason, good ones go on), score it on Spark with the campaign's counts of the evening before, publish the ranked call list in one move,
and tell what was published. A run again replaces the list of that day; nothing is ever half-published.

| trigger | evening it stands on (`as_of`) | list it scores |
|---|---|---|
| nightly at 02:00 | the logical date, the day that just ended | the landed list of the next contact day |
| by hand | the parameter `as_of`, else the logical date (today in the form) | the same, or the `file` of the inbox |
| backfill | the logical date of each run | the landed list of the contact day after it |

A night without a landed list fails, after two more looks, and says what to land. A campaign that has ended is known as ended: the schedule
skips with one sentence, and a run by hand names a day of the campaign (`as_of`). A night after nights without a run mails which they were,
and which lists were never made. Two hours after the run was queued without a list
(`BANK_LIST_DUE_MINUTES`), a mail warns those who wait for it. Output: `call_lists/contact_date=YYYY-MM-DD/` of the artifact store. What
each alert means: `docs/runbooks.md`.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Param

from bank_marketing_airflow.assets import assets_of
from bank_marketing_airflow.campaigns import campaigns
from bank_marketing_airflow.factory import campaign_dag, day_param, schedule_of
from bank_marketing_airflow.lateness import late_list_alert
from bank_marketing_airflow.nightly import SelectOperator
from bank_marketing_airflow.operators import ReportOperator, SparkStepOperator, StepOperator

for campaign in campaigns():
    assets = assets_of(campaign)
    with campaign_dag(
        campaign,
        "batch_scoring",
        description="From the coming call list to who is to be called, every night",
        doc_md=__doc__,
        schedule=schedule_of(campaign, "batch_scoring", "0 2 * * *"),
        dagrun_timeout=timedelta(hours=3),
        deadline=late_list_alert(),
        tags=["scoring"],
        params={
            "as_of": day_param("evening that the list is scored on, the day before the calls; empty: the logical date"),
            "file": Param(
                None,
                type=["null", "string"],
                pattern=r"^\w[\w .()+-]*\.csv$",
                maxLength=120,
                title="Uploaded list",
                description="name of a list in the folder `inbox` of the landing zone; empty: the landed list of the next contact day",
            ),
        },
    ):
        select = SelectOperator(task_id="select_model", inlets=[assets.production_model])
        pinned = {"select_model": select.output}
        validate = SparkStepOperator(task_id="validate_prospects", pool="spark", refs=pinned, inlets=[assets.features])
        checked = pinned | {"validate_prospects": validate.output}
        hour = timedelta(hours=1)
        score = SparkStepOperator(task_id="score_prospects", pool="spark", refs=checked, execution_timeout=hour)
        scored = checked | {"score_prospects": score.output}
        publish = StepOperator(task_id="publish_call_list", refs=scored, outlets=[assets.call_list], execution_timeout=hour)
        notify = ReportOperator(task_id="notify_scored", refs=scored | {"publish_call_list": publish.output})

        select >> validate >> score >> publish >> notify
