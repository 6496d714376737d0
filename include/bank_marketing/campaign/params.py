"""What the platform does for a campaign: `params.yaml`, and `BANK_PARAMS__SECTION__NAME` for one deployment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bank_marketing.campaign.presentation import Presentation
from bank_marketing.campaign.reading import Place, YamlFile
from bank_marketing.economics import Economics
from bank_marketing.errors import ConfigError
from bank_marketing.rules.calendar import Calendar

#: Section of each step that a campaign can configure. Those that watch a model share one.
SECTIONS = {
    "ingest_data": "ingest_data",
    "validate_data": "validate_data",
    "transform_data": "transform_data",
    "train_model": "train_model",
    "evaluate_model": "evaluate_model",
    "validate_prospects": "validate_prospects",
    "score_prospects": "score_prospects",
    "publish_call_list": "publish_call_list",
    "collect_window": "monitoring",
    "detect_drift": "monitoring",
    "measure_performance": "monitoring",
    "decide_retraining": "monitoring",
    "notify_decision": "monitoring",
}

C = TypeVar("C", bound=BaseModel)


class Prices(BaseModel):
    """What a call costs and what a success brings, in the campaign's currency."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    call_cost: float = Field(default=8.0, gt=0)
    deposit_margin: float = Field(default=40.0, gt=0)


class StablePeriod(BaseModel):
    """Contact days during which the bank called in one way: segments, volume and rate of success stay of one order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    first: date
    last: date


class Change(BaseModel):
    """A change that is known from history: what changed, and the first contact day after it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    day: date


class History(BaseModel):
    """What people know of the campaign's past: `bank-marketing measure-monitoring` measures the alarm by it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stable_periods: tuple[StablePeriod, ...] = ()
    changes: tuple[Change, ...] = ()


class _Params(Presentation):
    prices: Prices = Prices()
    calendar: Calendar = Calendar()
    history: History = History()


@dataclass(frozen=True)
class Params:
    """The parameters of a campaign.

    Attributes:
        presentation: title, currency and words, for people.
        calendar: on which days it calls.
        history: its stable periods and known changes.
        economics: its prices.
        sections: what is set of each step's configuration, by section; whatever is not here has its default.
        file: that says so.
        overridden: what the environment says instead, by section.
    """

    presentation: Presentation
    calendar: Calendar
    history: History
    economics: Economics
    sections: Mapping[str, Mapping[str, Any]]
    file: YamlFile
    overridden: Mapping[str, Mapping[str, Any]]

    def of(self, step: str) -> dict[str, Any]:
        """What is set of a step's configuration."""
        section = SECTIONS.get(step, step)
        return {**self.sections.get(section, {}), **self.overridden.get(section, {})}

    @property
    def chosen(self) -> list[str]:
        """Everything that is set, as `section.name = value`, for reports."""
        return [
            f"{section}.{name} = {value}"
            for section in sorted(set(SECTIONS.values()))
            for name, value in self.of(section).items()
        ]

    def config(self, step: str, kind: type[C], **asked: Any) -> C:
        """A step's configuration: what this run is asked for, else the environment, else the campaign, else the default.

        A step that has a `calendar` gets the campaign's.

        Raises:
            ConfigError: a name or a value cannot be used; it names file and line, or the variable.
        """
        try:
            shared = {"calendar": self.calendar} if "calendar" in kind.model_fields else {}
            return kind(**shared | self.of(step) | asked)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            raise self._refusal((SECTIONS.get(step, step), *first["loc"]), first["msg"]) from error

    def _refusal(self, place: Place, problem: str) -> ConfigError:
        section, name = str(place[0]), str(place[1]) if len(place) > 1 else ""
        if name in self.overridden.get(section, {}):
            return ConfigError(f"BANK_PARAMS__{section}__{name}".upper() + f": {problem}")
        return self.file.refusal(place, problem)


def load_params(path: Path, overridden: Mapping[str, Mapping[str, Any]], prices: Mapping[str, float]) -> Params:
    """Read the parameters of a campaign; without a file, all have their defaults.

    Args:
        path: of `params.yaml`.
        overridden: what the environment says, by section.
        prices: that the environment says, by name.

    Raises:
        ConfigError: a section or name that there is not, or a value that cannot be used; it names file and line.
    """
    file = YamlFile(path)
    known = set(SECTIONS.values())
    sections = {name: value for name, value in file.content.items() if name in known}
    given = file.parse(_Params, without=known)
    for name, value in sections.items():
        if not isinstance(value, dict):
            raise file.refusal((name,), "must be a mapping of names to values")
    for name in overridden:
        if name not in known:
            raise ConfigError(
                f"BANK_PARAMS__{name.upper()}…: there is no section {name!r}; there are: {', '.join(sorted(known))}"
            )
    economics = Economics(**given.prices.model_dump() | dict(prices))
    presentation = Presentation(**given.model_dump(exclude={"prices", "calendar", "history"}))
    return Params(presentation, given.calendar, given.history, economics, sections, file, overridden)
