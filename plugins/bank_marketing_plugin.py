"""The plugin that Airflow loads: the pages behind the links of tasks and mails, and the way to the analyst's pages."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from bank_marketing.settings import Settings
from bank_marketing_airflow.addresses import MAILS_PAGE, PREFIX, RUNBOOKS_PAGE
from bank_marketing_airflow.pages import pages
from bank_marketing_airflow.priority import BackfillsLast


class BankMarketingPlugin(AirflowPlugin):
    """Pages below `/bank-marketing` (each asks who is there), and three entries of the menu."""

    name = "bank_marketing"
    priority_weight_strategies: ClassVar[list[Any]] = [BackfillsLast]
    fastapi_apps: ClassVar[list[Any]] = [{"app": pages, "url_prefix": PREFIX, "name": "bank-marketing"}]
    external_views: ClassVar[list[Any]] = [
        {"name": "Call list and model", "href": Settings().public_url, "destination": "nav", "category": "browse"},
        {"name": "Runbooks", "href": f"{PREFIX}{RUNBOOKS_PAGE}", "destination": "nav", "category": "docs"},
        {"name": "Undelivered mails", "href": f"{PREFIX}{MAILS_PAGE}", "destination": "nav", "category": "browse"},
    ]
