"""The record of a release: what was moved from where to where, what the smoke test saw, how it ended. Kept on S3 and never altered."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Literal

from botocore.exceptions import ClientError

from bank_marketing.components.context import Entity
from scripts.deploy.aws import Clients, code_of, told
from scripts.deploy.images import Images
from scripts.smoke_test import Probe

Outcome = Literal["deployed", "rolled back", "failed"]


class Move(Entity):
    """One service: its task definition before and after, as family:revision."""

    service: str
    former: str
    new: str


class Release(Entity):
    """A release, from its start to its end."""

    release_id: str
    environment: str
    commit: str
    who: str
    started_at: datetime
    ended_at: datetime
    images: Images
    moves: tuple[Move, ...]
    probes: tuple[Probe, ...]
    probes_after_rollback: tuple[Probe, ...] = ()
    outcome: Outcome
    reason: str = ""


def key_of(release: Release) -> str:
    """Where a record is kept in the bucket; keys sort by time."""
    return f"releases/{release.environment}/{release.release_id}.json"


def keep(clients: Clients, bucket: str, release: Release) -> str:
    """Write the record; gives its URI."""
    key = key_of(release)
    with told(f"writing the record s3://{bucket}/{key}"):
        clients.s3.put_object(
            Bucket=bucket, Key=key, Body=release.model_dump_json(indent=1).encode(), ContentType="application/json"
        )
        pointer = json.dumps({"images": release.images.root, "outcome": release.outcome, "record": key})
        clients.s3.put_object(Bucket=bucket, Key=f"releases/{release.environment}/latest.json", Body=pointer.encode())
    return f"s3://{bucket}/{key}"


def ran_well(clients: Clients, bucket: str, environment: str, images: Images) -> bool:
    """Whether the newest release of an environment had exactly these images, and stayed."""
    key = f"releases/{environment}/latest.json"
    with told(f"reading s3://{bucket}/{key}"):
        try:
            latest = json.loads(clients.s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        except ClientError as error:
            if code_of(error) == "NoSuchKey":
                return False
            raise
    return bool(latest["images"] == images.root and latest["outcome"] == "deployed")
