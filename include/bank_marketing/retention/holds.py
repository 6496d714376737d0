"""Holds: what an open audit needs stays, however old it is, until the hold is released. Both are on record."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

from pydantic import Field

from bank_marketing.artifacts import ArtifactStore
from bank_marketing.components.context import Entity
from bank_marketing.errors import ArtifactMissing, ConfigError
from bank_marketing.scoring.predictions import PredictionLog

FOLDER = "holds"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


class Hold(Entity):
    """What is held, by whom and why."""

    name: str
    targets: tuple[str, ...] = Field(min_length=1, description="URIs of runs or artifacts, or ids of predictions")
    reason: str = Field(min_length=1)
    who: str
    at: datetime
    released_by: str = ""
    released_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether it still holds."""
        return self.released_at is None


def place(store: ArtifactStore, name: str, targets: tuple[str, ...], *, reason: str, who: str) -> Hold:
    """Hold targets under a name of your own (an audit's number).

    Raises:
        ConfigError: the name is taken or cannot be a file's name, or a target is nothing that can be held.
        ArtifactMissing: a target is not there (any more).
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r} cannot be a hold's name: letters, digits, dots, dashes and underscores, at most 80")
    for target in targets:
        _check(store, target)
    made = Hold(name=name, targets=targets, reason=reason, who=who, at=datetime.now(UTC))
    if not store.write_bytes(_uri(store, name), _content(made), if_absent=True):
        raise ConfigError(f"there is a hold {name!r} already: take another name, a released hold stays on record")
    return made


def release(store: ArtifactStore, name: str, *, who: str) -> Hold:
    """End a hold; its record stays. Raises ConfigError when there is no open hold of that name."""
    known = {hold.name: hold for hold in holds(store) if hold.open}
    if name not in known:
        raise ConfigError(f"there is no open hold {name!r}; open are: {', '.join(sorted(known)) or 'none'}")
    done = known[name].model_copy(update={"released_by": who, "released_at": datetime.now(UTC)})
    store.write_bytes(_uri(store, name), _content(done))
    return done


def holds(store: ArtifactStore) -> list[Hold]:
    """All holds, open and released, oldest first."""
    found = [Hold.model_validate(json.loads(store.read_bytes(uri))) for uri in store.list_files(store.uri(FOLDER))]
    return sorted(found, key=lambda hold: hold.at)


def _check(store: ArtifactStore, target: str) -> None:
    if "://" not in target:
        PredictionLog(store).get(target)
    elif not target.startswith(store.uri("runs") + "/"):
        raise ConfigError(f"{target} cannot be held: name a run or an artifact below {store.uri('runs')}, or a prediction's id")
    elif next(iter(store.list_files(target)), None) is None:
        raise ArtifactMissing(f"there is nothing at {target}")


def _uri(store: ArtifactStore, name: str) -> str:
    return store.uri(FOLDER, f"{name}.json")


def _content(hold: Hold) -> bytes:
    return (hold.model_dump_json(indent=1) + "\n").encode()
