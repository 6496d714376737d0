"""docs/runbooks.md: an entry for everything that an alert can name."""

from __future__ import annotations

import inspect
import re

import pytest
from airflow.sdk.exceptions import AirflowTaskTimeout

from bank_marketing import errors
from bank_marketing_airflow.alerts import RUNBOOKS, run_alert, task_alert
from bank_marketing_airflow.lateness import late_mail
from scripts.environment import PROJECT
from tests.support.task_context import task_context

PAGE = (PROJECT / RUNBOOKS).read_text(encoding="utf-8")
KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.BankMarketingError)]

#: Anchor -> text of its entry, anchors as Markdown viewers make them.
ENTRIES = {
    title.lower(): text for title, text in re.findall(r"^##+ (\S+)\n(.*?)(?=^##|\Z)", PAGE, flags=re.MULTILINE | re.DOTALL)
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_exception_has_an_entry_that_says_what_it_means_what_to_do_and_how_to_verify(kind: type[Exception]) -> None:
    entry = ENTRIES[kind.__name__.lower()]
    for part in ("**Means** ", "**Do** ", "**Verify** "):
        assert part in entry, part


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_entry_says_what_the_retry_policy_does(kind: type[errors.BankMarketingError]) -> None:
    entry = ENTRIES[kind.__name__.lower()]
    assert ("*Retried.*" in entry, "*Not retried.*" in entry) == (kind.retryable, not kind.retryable)


def test_what_a_mail_points_to_exists() -> None:
    mails = [task_alert(task_context(error=kind("x"))) for kind in KINDS]
    mails += [
        task_alert(task_context()),
        *(task_alert(task_context(error=error)) for error in (AirflowTaskTimeout("x"), MemoryError(), KeyError("x"))),
        *(run_alert(task_context() | {"reason": why}) for why in ("task_failure", "timed_out")),
    ]
    mails.append(late_mail({"dag_id": "scoring", "dag_run_id": "scheduled__1", "state": "running"}))
    for mail in mails:
        [anchor] = re.findall(rf"{re.escape(RUNBOOKS)}#([a-z-]+)", mail.html)
        assert anchor in ENTRIES


def test_no_entry_is_about_something_that_is_gone() -> None:
    told = {anchor for anchor, text in ENTRIES.items() if "**Means**" in text}
    assert told == {kind.__name__.lower() for kind in KINDS} | {
        "run-failed", "run-out-of-time", "taskended", "task-out-of-time", "unexpected-error", "call-list-late", "approval-waiting",
        "mail-undelivered", "nights-missed", "feed-is-fresh",
    }  # fmt: skip
