"""What every component is told about the run it belongs to, and how it publishes its artifact."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

from bank_marketing.artifacts import ArtifactRef, ArtifactStore, Manifest, Stage, open_store
from bank_marketing.campaign import Campaign, open_campaign
from bank_marketing.contract import Contract
from bank_marketing.errors import InvalidAsOf
from bank_marketing.settings import Settings

C = TypeVar("C", bound=BaseModel)

#: Below the store's root, `<dag>/<as_of>/<run>/<component>`: what runs publish.
RUNS = "runs"


class Entity(BaseModel):
    """Base of the components' Config and Artifact entities: immutable, and nothing undeclared gets in."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class RunContext:
    """The run: which DAG, which run, as of which day. Time enters a component here and nowhere else."""

    dag_id: str
    run_id: str
    as_of: date
    settings: Settings = field(default_factory=Settings)

    @cached_property
    def store(self) -> ArtifactStore:
        """The artifact store of the settings."""
        return open_store(self.settings)

    @cached_property
    def campaign(self) -> Campaign:
        """The campaign of the settings."""
        return open_campaign(self.settings)

    def config(self, step: str, kind: type[C], **asked: Any) -> C:
        """The configuration of a step: what this run is asked for, else what its campaign sets, else the default. Raises ConfigError."""
        return self.campaign.params.config(step, kind, **asked)

    @property
    def contract(self) -> Contract:
        """The campaign's data contract."""
        return self.campaign.contract

    @property
    def run_uri(self) -> str:
        """Where the artifacts of this run are."""
        run = re.sub(r"[^A-Za-z0-9._-]+", "-", self.run_id).strip("-")
        return self.store.uri(RUNS, self.dag_id, self.as_of.isoformat(), run)

    def component_uri(self, component: str) -> str:
        """Where one component of this run publishes."""
        return f"{self.run_uri}/{component}"

    def error_uri(self, component: str) -> str:
        """Where the reason is kept when a component failed."""
        return f"{self.run_uri}/errors/{component}.json"

    def stage(self) -> AbstractContextManager[Stage]:
        """A private place to make an artifact in."""
        return self.store.stage()

    def publish(
        self, stage: Stage, component: str, kind: str, *, parents: Iterable[ArtifactRef] = (), **fields: Any
    ) -> Manifest:
        """Publish what `stage` holds as this run's artifact of `component`. Further fields are those of Stage.publish.

        What the campaign sets otherwise than by default for this step is part of the manifest.
        """
        if params := self.campaign.params.of(component):
            fields["parameters"] = {**fields.get("parameters", {}), "params": params}
        return stage.publish(
            self.component_uri(component),
            kind,
            as_of=self.as_of,
            dag_id=self.dag_id,
            run_id=self.run_id,
            schema_digest=self.contract.digest,
            parents=tuple(parents),
            **fields,
        )


def parse_as_of(text: str | date, *, today: date | None = None) -> date:
    """The day that `text` (YYYY-MM-DD) names. `today`: in the campaign's time zone, in UTC when left out.

    Raises:
        InvalidAsOf: it is no date, or lies in the future.
    """
    if isinstance(text, date) and not isinstance(text, datetime):
        day = text
    else:
        try:
            day = date.fromisoformat(str(text).strip()[:10])
        except ValueError as error:
            raise InvalidAsOf(f"as_of={text!r} is not a date: write it as YYYY-MM-DD, for example 2010-06-30") from error
    if day > (today or datetime.now(UTC).date()):
        raise InvalidAsOf(f"as_of={day} is in the future: nothing can have landed for it yet")
    return day
