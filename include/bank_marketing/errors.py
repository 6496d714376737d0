"""The project's exceptions: few, and named for the situation.

`retryable` says whether trying again later may help. It is the one source for the retry policy of the DAGs: bad data and
bad configuration stay bad, a network or a half-written file may not.
"""

from __future__ import annotations

from typing import ClassVar


class BankMarketingError(Exception):
    """Base of all. The message says what is wrong, where, and what to do."""

    retryable: ClassVar[bool] = False


class ConfigError(BankMarketingError):
    """A setting, a parameter or a configuration file cannot be used as it is."""


class InvalidAsOf(ConfigError):
    """The `as_of` day is no date, in the future, or before the first landed day."""


class ArchiveUnavailable(BankMarketingError):
    """The archive was asked for explicitly and none of its sources answered."""

    retryable = True


class ArchiveCorrupt(BankMarketingError):
    """The archive is there, and it is not the archive: its checksum or its content differs."""


class LandedFileMissing(BankMarketingError):
    """A day has a call list, or a folder, but not the contacts file that belongs to it. It may still come."""

    retryable = True


class LandedFileIncomplete(BankMarketingError):
    """A landed file is still being written."""

    retryable = True


class ContractViolation(BankMarketingError):
    """Data break the contract so badly that nothing may be built on them.

    `rule` names the broken rule and `location` the file, for the alert: a path, the column behind it where one is to blame.
    """

    def __init__(self, message: str, *, rule: str = "", location: str = "") -> None:
        """Keep the rule and the place beside the sentence that explains them."""
        super().__init__(message)
        self.rule = rule
        self.location = location

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        """Pickle with the keyword arguments: the exception crosses process borders in Spark and Airflow."""
        return _contract_violation, (type(self), self.args[0], self.rule, self.location)


def _contract_violation(kind: type[ContractViolation], message: str, rule: str, location: str) -> ContractViolation:
    return kind(message, rule=rule, location=location)


class ListTooLarge(ContractViolation):
    """A customer list is longer, or unpacks to more, than the door that it came through takes."""


class ReconciliationError(BankMarketingError):
    """Rows read are not rows clean plus rejected plus duplicates: something was lost or made up."""


class ArtifactMissing(BankMarketingError):
    """There is no manifest at a URI: the artifact was never published, or was removed."""


class ArtifactCorrupt(BankMarketingError):
    """An artifact's content is not what its manifest says."""


class StoreUnavailable(BankMarketingError):
    """The artifact store does not answer or refuses a write (full, read-only, no network)."""

    retryable = True


class SparkJobFailed(BankMarketingError):
    """A Spark job ended without an artifact and without a reason of its own."""

    retryable = True


class RegistryUnavailable(BankMarketingError):
    """MLflow does not answer."""

    retryable = True


class NoProductionModel(BankMarketingError):
    """The registry has no model with the alias `production`."""


class ModelIncompatible(BankMarketingError):
    """A model does not fit the data or the contract it is asked to score."""


class NotEnoughHistory(BankMarketingError):
    """Too little has landed by `as_of` to train and to judge a model on unseen days."""
