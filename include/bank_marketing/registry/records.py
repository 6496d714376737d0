"""The record of decisions: one small document each, written once and never changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from bank_marketing.artifacts import ArtifactStore

FOLDER = "registry/records"


class Record(BaseModel):
    """Who changed (or refused to change) which model in production, when and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Literal["promoted", "rejected", "rolled_back"]
    at: datetime
    who: str
    reasons: tuple[str, ...]
    version: int = Field(description="the version this is about")
    from_version: int | None = Field(default=None, description="in production before")
    to_version: int | None = Field(default=None, description="in production after")
    run: str = Field(default="", description="DAG run that decided")
    model_digest: str = ""
    metrics: dict[str, JsonValue] = Field(default_factory=dict)
    approval: Literal["", "approved", "refused"] = Field(
        default="", description="a person's word, where one was asked for; no answer in time is a refusal"
    )


def write(store: ArtifactStore, record: Record) -> str:
    """Append a record; returns its URI."""
    stamp = record.at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    number = 0
    content = (record.model_dump_json(indent=1) + "\n").encode()
    while True:
        uri = store.uri(FOLDER, f"{stamp}-{number}.json")
        if store.write_bytes(uri, content, if_absent=True):
            return uri
        number += 1


def refusal(entries: Sequence[Record], version: int) -> Record | None:
    """The record by which people keep a version out of production; None when nobody does, or somebody has let it in since.

    Args:
        entries: records, oldest first.
        version: of the registered model; one version is one content digest.
    """
    for record in reversed(entries):
        if record.action == "rolled_back" and version in (record.from_version, record.to_version):
            return record if record.from_version == version else None
        if record.version == version and record.approval:
            return record if record.approval == "refused" else None
    return None


def newest_first(store: ArtifactStore) -> Iterator[Record]:
    """All records, each read when its turn comes."""
    for uri in reversed(list(store.list_files(store.uri(FOLDER)))):
        yield Record.model_validate_json(store.read_bytes(uri))


def history(store: ArtifactStore) -> list[Record]:
    """All records, oldest first."""
    return [*newest_first(store)][::-1]
