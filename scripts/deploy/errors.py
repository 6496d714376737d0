"""What can go wrong on the way to a cluster; the base's promise holds: what is wrong, where, and what to do."""

from __future__ import annotations

from bank_marketing.errors import BankMarketingError


class AwsRefused(BankMarketingError):
    """AWS did not do what it was asked: no rights, no credentials, no such thing, or no answer."""


class StackFailed(BankMarketingError):
    """A CloudFormation stack did not reach the state that its template describes."""


class ImageRefused(BankMarketingError):
    """An image is not in the registry, or its scan found what must not run."""


class ReleaseRefused(BankMarketingError):
    """A release was not started: something that must come first has not happened."""


class ReleaseFailed(BankMarketingError):
    """A release did not work. The message says whether the former task definitions run again."""
