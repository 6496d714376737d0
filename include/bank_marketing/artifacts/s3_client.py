"""The connection to S3: patient for a bounded time, and its failures said in the words that an operator needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import botocore.exceptions as aws
from boto3.exceptions import Boto3Error
from botocore.config import Config
from s3transfer.exceptions import RetriesExceededError

from bank_marketing.errors import StoreUnavailable
from bank_marketing.settings import Settings

#: Tries for one request, with exponential waits between them.
ATTEMPTS = 4

#: Requests at the same time.
PARALLEL = 8

#: What any S3 server that is not AWS takes for its region.
_REGION = "us-east-1"

_SILENT = (
    aws.EndpointConnectionError, aws.ConnectTimeoutError, aws.ReadTimeoutError, aws.ConnectionClosedError, aws.ProxyConnectionError,
    aws.HTTPClientError, aws.IncompleteReadError, aws.ResponseStreamingError,
)  # fmt: skip
_NO_KEY = (aws.NoCredentialsError, aws.PartialCredentialsError, aws.CredentialRetrievalError, aws.ProfileNotFound)

_REFUSED = "the key was refused: BANK_S3_ACCESS_KEY and BANK_S3_SECRET_KEY, or this machine's AWS credentials, are not valid (any more)"
_WHY = {
    "InvalidAccessKeyId": _REFUSED,
    "SignatureDoesNotMatch": _REFUSED,
    "ExpiredToken": _REFUSED,
    "InvalidToken": _REFUSED,
    "RequestTimeTooSkewed": "the clock of this machine is wrong",
    "AccessDenied": "the key may not do that: it needs to list, read, write and delete below the root",
    "NoSuchBucket": "there is no such bucket: make it, or correct BANK_ARTIFACT_ROOT",
    "PermanentRedirect": "the bucket is in another region: set AWS_DEFAULT_REGION",
    "SlowDown": "the store is overloaded",
    "QuotaExceeded": "the store is full",
}


def connect(settings: Settings) -> Any:
    """A client with the settings' keys, else with those of the usual AWS chain. Nothing is asked yet."""
    session = boto3.Session()
    key, secret = settings.s3_access_key, settings.s3_secret_key
    keys = (
        {"aws_access_key_id": key.get_secret_value(), "aws_secret_access_key": secret.get_secret_value()}
        if key and secret
        else {}
    )
    return session.client(
        "s3",
        endpoint_url=settings.s3_endpoint_url,
        region_name=session.region_name or (_REGION if settings.s3_endpoint_url else None),
        config=Config(
            connect_timeout=min(5.0, settings.s3_timeout_seconds),
            read_timeout=settings.s3_timeout_seconds,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            max_pool_connections=2 * PARALLEL,
            s3={"addressing_style": "path" if settings.s3_endpoint_url else "auto"},
        ),
        **keys,
    )


@contextmanager
def answering(settings: Settings, action: str, uri: str) -> Iterator[None]:
    """Turn the failures of S3 into StoreUnavailable."""
    try:
        yield
    except (aws.BotoCoreError, aws.ClientError, Boto3Error, RetriesExceededError, OSError) as error:
        raise StoreUnavailable(f"cannot {action} {uri}: {_reason(settings, error)}; nothing was half-published") from error


def code_of(error: BaseException) -> str:
    """S3's own name of a failure, for example `NoSuchKey`; of a bare HEAD, the status."""
    if not isinstance(error, aws.ClientError):
        return ""
    found: str = error.response.get("Error", {}).get("Code", "")
    return found


def is_missing(error: aws.ClientError) -> bool:
    """Whether there is no such object."""
    return code_of(error) in ("NoSuchKey", "404", "NotFound")


def is_taken(error: aws.ClientError) -> bool:
    """Whether a conditional write was refused: there is an object already, or another writer was faster."""
    return code_of(error) in ("PreconditionFailed", "412", "ConditionalRequestConflict", "409")


def was_repeated(error: aws.ClientError) -> bool:
    """Whether the request was sent more than once: then an earlier one, whose answer got lost, may have succeeded."""
    return bool(error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0))


def _reason(settings: Settings, error: BaseException) -> str:
    cause = error
    while isinstance(cause, Boto3Error | RetriesExceededError) and (inner := cause.__cause__ or cause.__context__) is not None:
        cause = inner
    if isinstance(cause, OSError) and cause.errno and not isinstance(cause, aws.BotoCoreError):
        return f"{cause.strerror} ({cause.filename or 'on this machine'})"
    server = settings.s3_endpoint_url or "AWS"
    if isinstance(cause, _NO_KEY):
        return "no key: set BANK_S3_ACCESS_KEY and BANK_S3_SECRET_KEY, or give this machine AWS credentials"
    if isinstance(cause, _SILENT):
        return f"the S3 server at {server} does not answer ({ATTEMPTS} tries): check that it runs and that BANK_S3_ENDPOINT_URL is right"
    code = code_of(cause)
    if code == "403":
        return _WHY["AccessDenied"]
    return _WHY.get(code) or f"the S3 server at {server} says {str(cause).strip()[:300]}"
