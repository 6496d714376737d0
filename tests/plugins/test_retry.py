"""The retry policy, asked about every exception of the package."""

from __future__ import annotations

import inspect

import pytest
from airflow.sdk import ExceptionRetryPolicy, RetryAction

from bank_marketing import errors
from bank_marketing_airflow.retry import RETRY_POLICY

OWN = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.BankMarketingError)]

#: Said here again on purpose: who makes another exception retryable decides it in two places.
MAY_PASS = {
    "ArchiveUnavailable", "LandedFileMissing", "LandedFileIncomplete", "StoreUnavailable", "SparkJobFailed", "RegistryUnavailable",
}  # fmt: skip


@pytest.mark.parametrize("kind", OWN, ids=lambda kind: kind.__name__)
def test_what_may_pass_is_retried_and_nothing_else(kind: type[errors.BankMarketingError]) -> None:
    decision = RETRY_POLICY.evaluate(kind("a reason"), try_number=1, max_tries=2)
    assert decision.action is (RetryAction.RETRY if kind.__name__ in MAY_PASS else RetryAction.FAIL)
    assert decision.reason


@pytest.mark.parametrize("error", [ConnectionError("reset"), TimeoutError(), MemoryError(), KeyError("x")], ids=repr)
def test_foreign_exceptions_follow_the_retries_of_their_task(error: BaseException) -> None:
    assert RETRY_POLICY.evaluate(error, try_number=1, max_tries=2).action is RetryAction.DEFAULT


def test_the_scheduler_reads_the_same_policy() -> None:
    read = ExceptionRetryPolicy.deserialize(RETRY_POLICY.serialize())
    assert read.evaluate(errors.RegistryUnavailable("down"), 1, 2).action is RetryAction.RETRY
    assert read.evaluate(errors.ContractViolation("bad"), 1, 2).action is RetryAction.FAIL
