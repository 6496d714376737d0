"""Which campaigns this Airflow serves, and which of them a DAG belongs to: its DAGs are called `<campaign>_<purpose>`."""

from __future__ import annotations

from pathlib import Path

from bank_marketing.campaign import open_campaign
from bank_marketing.errors import ConfigError
from bank_marketing.rules.calendar import Calendar
from bank_marketing.settings import Settings

#: What a DAG is for, and how urgent its tasks are in a pool: callers wait for the list, nobody for the broom.
PURPOSES = {"batch_scoring": 100, "training": 50, "drift_retraining": 50, "maintenance": 10}


def campaigns() -> tuple[str, ...]:
    """The names of the campaigns that this Airflow has DAGs for."""
    return tuple(Path(name).name for name in Settings().all_campaigns)


def settings_of(dag_id: str) -> Settings:
    """The settings of the campaign that a DAG belongs to."""
    settings = Settings()
    for name in settings.all_campaigns:
        if dag_id in {f"{Path(name).name}_{purpose}" for purpose in PURPOSES}:
            return settings if name == settings.campaign else settings.for_campaign(name)
    return settings


def calendar_of(dag_id: str) -> Calendar:
    """The calendar of the campaign that a DAG belongs to; the usual one where the campaign cannot be read, which its first task says."""
    try:
        return open_campaign(settings_of(dag_id)).calendar
    except ConfigError:
        return Calendar()


def campaign_environment(dag_id: str) -> dict[str, str]:
    """What a process must be given to work for a DAG's campaign; what the deployment says of its first one alone is set to nothing."""
    campaign = settings_of(dag_id).campaign
    own = {} if campaign == Settings().campaign else {"BANK_MODEL_NAME": "", "BANK_RESULTS_FILE": ""}
    return {"BANK_CAMPAIGN": campaign} | own
