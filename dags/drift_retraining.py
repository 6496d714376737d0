"""Watch what the model meets and achieves, and train again when the world has changed.

Looks at the contacts of the last days: how far they lie from what the production model learned from, and how its predictions for them
turned out. Retrains when the latest window and enough of the last ones violate a threshold, outside the cool-down. Each decision is
recorded with its numbers, below `monitoring/decisions` of the artifact store, and shown on the decision's asset. A training run that is at
work on the same data is the retraining: none is started beside it. The training DAG's own judge still decides whether the new model is
better, a person is asked where the platform asks one, and a version that a person has refused stays out. A person who knows more than the
numbers triggers it with `force`.

| trigger | day it looks at (`as_of`) | counts |
|---|---|---|
| new features | the newest day of the events | yes |
| daily at 04:00 | the logical date, the day that just ended; skipped where it is decided on the same data | yes |
| by hand | the parameter `as_of`, else today | unless a later evening is decided |
| backfill | the logical date of each run | no |

The last windows that a decision counts are those of evenings that the platform has lived through. A decision of a backfill or of a day of
the past is on record, counts for no live evening, and a retraining that it starts may not promote.

Thresholds and measured false alarms: `docs/monitoring.md`. What each alert means: `docs/runbooks.md`.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import AssetOrTimeSchedule, Param

from bank_marketing_airflow.assets import assets_of
from bank_marketing_airflow.campaigns import campaigns
from bank_marketing_airflow.factory import campaign_dag, day_param, schedule_of
from bank_marketing_airflow.operators import ReportOperator, StepOperator
from bank_marketing_airflow.retraining import DecisionOperator, TriggerRetrainingOperator, WindowOperator

for campaign in campaigns():
    assets = assets_of(campaign)
    with campaign_dag(
        campaign,
        "drift_retraining",
        description="From outcomes to the decision to train again",
        doc_md=__doc__,
        schedule=AssetOrTimeSchedule(timetable=schedule_of(campaign, "drift_retraining", "0 4 * * *"), assets=assets.features),
        dagrun_timeout=timedelta(hours=1),
        tags=["monitoring"],
        params={
            "as_of": day_param("YYYY-MM-DD; empty: see above"),
            "force": Param(
                False,
                type="boolean",
                title="Train again in any case",
                description="also when the decision is to wait; on record",
            ),
        },
    ):
        training = f"{campaign}_training"
        collect = WindowOperator(task_id="collect_window", inlets=[assets.features])
        collected = {"collect_window": collect.output}
        drift = StepOperator(task_id="detect_drift", refs=collected)
        performance = StepOperator(task_id="measure_performance", refs=collected)
        found = collected | {"detect_drift": drift.output, "measure_performance": performance.output}
        decide = DecisionOperator(task_id="decide_retraining", refs=found, training=training, outlets=[assets.decision])
        trigger = TriggerRetrainingOperator(task_id="trigger_retraining", decision=decide.output, trigger_dag_id=training)
        notify = ReportOperator(
            task_id="notify_decision",
            refs=found | {"decide_retraining": decide.output},
            trigger_rule="none_failed_min_one_success",
        )

        collect >> [drift, performance] >> decide >> trigger >> notify
        decide >> notify  # a trigger that was skipped is no reason to keep the decision back
