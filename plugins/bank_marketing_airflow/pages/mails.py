"""The mails that could not be sent, as a page: an alert that nobody got is shown where an operator looks."""

from __future__ import annotations

from bank_marketing.artifacts import open_store
from bank_marketing.settings import Settings
from bank_marketing_airflow.pages.markdown import templates
from bank_marketing_airflow.undelivered import undelivered


def page() -> str:
    """The page, newest first. Raises StoreUnavailable."""
    mails = undelivered(open_store(Settings()))
    return templates().get_template("mails.html.j2").render(mails=mails[:200], total=len(mails))
