"""Mails that were to be sent and were not: kept beside the artifacts with the reason, until their retention ends or somebody sends them."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from bank_marketing.artifacts.store import ArtifactStore
from bank_marketing_airflow.mail_content import Mail

#: Name of the folder in the store; `bank-marketing prune` knows it.
FOLDER = "mail"

_SUFFIX = ".undelivered.json"


@dataclass(frozen=True)
class Undelivered:
    """One of them: when, about what, to whom, why it was not sent, and where its text is."""

    at: str
    subject: str
    recipients: str
    reason: str
    mail: str


def keep(store: ArtifactStore, mail: Mail) -> str:
    """Keep a mail's text; returns where."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", mail.subject).strip("-")[:80]
    uri = store.uri(FOLDER, f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{name}.html")
    store.write_bytes(uri, mail.html.encode())
    return uri


def record(store: ArtifactStore, mail: Mail, recipients: str, reason: str) -> str:
    """Keep a mail that could not be sent, and why; returns where its text is."""
    uri = keep(store, mail)
    entry = Undelivered(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC", mail.subject, recipients, reason, uri)
    store.write_bytes(f"{uri.removesuffix('.html')}{_SUFFIX}", json.dumps(asdict(entry)).encode())
    return uri


def undelivered(store: ArtifactStore) -> list[Undelivered]:
    """All of them, newest first."""
    found = sorted((uri for uri in store.list_files(store.uri(FOLDER)) if uri.endswith(_SUFFIX)), reverse=True)
    return [Undelivered(**json.loads(store.read_bytes(uri))) for uri in found]
