"""Ids that carry the moment they were created (UUID version 7, RFC 9562), so that the age of a thing needs no reading of it."""

from __future__ import annotations

import re
import secrets
import time
from datetime import UTC, datetime

_ID = re.compile(r"([0-9a-f]{12})7[0-9a-f]{3}[89ab][0-9a-f]{15}")


def new_id(milliseconds: int | None = None) -> str:
    """A fresh id of 32 hexadecimal digits; ids sort as their moments do."""
    milliseconds = time.time_ns() // 1_000_000 if milliseconds is None else milliseconds
    return f"{milliseconds:012x}7{secrets.randbits(12):03x}{0x8 | secrets.randbits(2):x}{secrets.randbits(60):015x}"


def time_of(name: str) -> datetime | None:
    """When an id was created; None when it is none."""
    found = _ID.fullmatch(name)
    try:
        return datetime.fromtimestamp(int(found[1], 16) / 1000, UTC) if found else None
    except (ValueError, OverflowError):
        return None
