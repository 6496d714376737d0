"""Which failures may pass: one policy for all tasks, read off the exceptions themselves."""

from __future__ import annotations

from collections.abc import Iterator

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from bank_marketing.errors import BankMarketingError


def _descendants(kind: type[BankMarketingError]) -> Iterator[type[BankMarketingError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _descendants(child)


#: Own exceptions are retried when they say so; all others follow the task's `retries`.
RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=[f"{kind.__module__}.{kind.__qualname__}" for kind in _descendants(BankMarketingError) if kind.retryable],
            action=RetryAction.RETRY,
            reason="may pass: a network, a registry, a file that is still on its way",
        ),
        RetryRule(
            exception=f"{BankMarketingError.__module__}.{BankMarketingError.__qualname__}",
            action=RetryAction.FAIL,
            reason="will not pass: bad data or bad configuration must be mended by people",
        ),
    ]
)
