"""What the model may know of a contact, as a campaign declares it in `features.yaml`.

The declaration names columns, windows and segments; this is the one place where they become names of counts. Spark counts history by
them (`etl/features.py`), pandas an evening (`etl/evening.py`), the encoder makes numbers of the counts (`modeling/encoding.py`).
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

#: Columns that are known of a coming day without any outcome: the size of its list, days since the last contact day.
LIST_SIZE = "list_size"
GAP = "days_since_last_contact_day"


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Number(_Entry):
    """One number that the model reads: of a column, or of the campaign so far."""

    column: str = ""
    above: float | None = Field(default=None, description="1 above it, else 0")
    below: float | None = Field(default=None, description="1 below it, else 0")
    among: tuple[str, ...] = Field(default=(), alias="is", description="1 for these categories, else 0")
    never: tuple[float, ...] = Field(default=(), description="0 for these values and for an empty cell, else 1")
    divide: float | None = Field(default=None, gt=0)
    log: bool = Field(default=False, description="logarithm of the value, of at least 1")
    log1p: bool = Field(default=False, description="logarithm of 1 and the value")
    signed_log: float | None = Field(default=None, gt=0, description="sign times log1p of the size, in units of this")
    missing: float | None = Field(default=None, description="stands for an empty cell")
    rate: int | Literal["all"] | None = Field(default=None, description="log-odds of a window's share of subscribers")
    volume: int | Literal["all"] | None = Field(default=None, description="log1p of a window's contacts")
    segment: str = Field(default="", description="log-odds of the row's own segment, above the campaign's")
    times_level: int | None = Field(default=None, description="multiplied with a window's log-odds above those of first_rate")
    least_spread: float = Field(default=0.0, ge=0, description="spread that the number is taken to have at least")

    @property
    def transforms(self) -> list[str]:
        """What is done with the column."""
        names = ("above", "below", "among", "never", "divide", "log", "log1p", "signed_log")
        return [name for name in names if _given(getattr(self, name))]

    @property
    def sources(self) -> list[str]:
        """What the number is of: exactly one is right."""
        return [name for name in ("column", "rate", "volume", "segment") if _given(getattr(self, name))]

    @property
    def group(self) -> str:
        """What it says something of, when no reason group claims it."""
        return self.column or self.segment or ("recent_conversion" if self.rate is not None else "recent_volume")

    @property
    def windows(self) -> list[int]:
        """Windows that it reads."""
        return [window for window in (self.rate, self.volume, self.times_level) if isinstance(window, int)]


class Segment(_Entry):
    """Parts of the campaign by a categorical column, whose own trailing rates are followed."""

    window: int
    counted: dict[str, tuple[str, ...]] = Field(description="ending of a count's name -> categories; the others are the rest")
    prior: float = Field(gt=0, description="contacts after which a segment's own rate weighs as much as the campaign's")


class ExperimentalColumn(_Entry):
    """A column that a search tries beside the features: of one of segment, half_life, share, change_of, published and number."""

    segment: str = Field(default="", description="trailing rate of the row's own category of this column, above the campaign's")
    half_life: float | None = Field(
        default=None, gt=0, description="trailing rate whose outcomes count half after contact days"
    )
    share: tuple[Number, ...] = Field(default=(), description="share of the day's list for whom one of these flags is 1")
    change_of: str = Field(default="", description="change of a figure of the day over `days` contact days")
    published: str = Field(default="", description="figure of the day as it was known, `days` days after the day it describes")
    days: int = Field(default=0, ge=0)
    number: Number | None = Field(default=None, description="of a column of the features table")

    @property
    def kinds(self) -> list[str]:
        """What it is made of: exactly one is right."""
        names = ("segment", "half_life", "share", "change_of", "published", "number")
        return [name for name in names if _given(getattr(self, name))]


def _half_lives() -> dict[str, dict[str, ExperimentalColumn]]:
    return {"half-lives": {f"half_life_{days}": ExperimentalColumn(half_life=days) for days in (2, 10, 60)}}


class Slice(_Entry):
    """A cut of the unseen days: by category, or by bins of a number (each up to and including its bound)."""

    label: str = Field(
        default="", description="of a category, with its {column}; the column's title and the category by default"
    )
    bins: tuple[float, ...] = ()
    labels: tuple[str, ...] = Field(default=(), description="one more than there are bins")


class Case(_Entry):
    """One way to say a reason: the first whose conditions hold is used."""

    when: dict[str, Any] = Field(default_factory=dict, description="column -> value, list of values, or {above|below: number}")
    value: str
    text: str


class ReasonGroup(_Entry):
    """Numbers and categorical columns that say one thing, and the words for it."""

    of: tuple[str, ...] = Field(default=(), description="its numbers and columns; by default the one of its own name")
    categories: dict[str, str] = Field(default_factory=dict, description="sentence by category")
    cases: tuple[Case, ...] = ()


class Attribute(_Entry):
    """What the contract says of a column that the features may read."""

    type: str
    title: str
    categories: tuple[str, ...] = ()
    never: float | None = None
    of_the_day: bool = Field(default=False, description="the same for all clients of a day")
    published_later: bool = Field(default=False, description="not known on the day it describes")


class Count(_Entry):
    """One trailing count of the features table."""

    name: str
    of: Literal["contacts", "conversions"]
    window: int | None = Field(description="contact days; None: all so far")
    label: str = Field(default="", description="segment that is counted; all contacts when empty")

    @property
    def daily(self) -> str:
        """Name of the day's count that is summed."""
        return f"{self.of}_{self.label}" if self.label else self.of


class FeatureSpec(_Entry):
    """The content of `features.yaml`, with what the contract says of the columns."""

    attributes: dict[str, Attribute] = Field(description="from the contract: what is known before the call")
    forbidden: tuple[str, ...] = Field(description="from the contract: what is known only after the call")
    first_rate: float = Field(default=0.1, gt=0, lt=1, description="share of subscribers before anybody was called")
    windows: tuple[int, ...] = Field(default=(1, 5, 20), min_length=1)
    baseline_window: int = Field(default=5, description="window of the rule of thumb that a model must beat")
    categories: tuple[str, ...] = ()
    segments: dict[str, Segment] = Field(default_factory=dict)
    blocks: dict[str, dict[str, Number]] = Field(default_factory=dict)
    sets: dict[str, tuple[str, ...]] = Field(min_length=1, description="blocks by the name that a model choice uses")
    default_set: str = Field(
        default="", description="what a search begins with, and what is trained without one [the last set]"
    )
    baseline_set: str = Field(default="", description="columns of the raw models to be compared with [the first set]")
    slices: dict[str, Slice] = Field(default_factory=dict)
    experimental: dict[str, dict[str, ExperimentalColumn]] = Field(
        default_factory=_half_lives, description="columns by block that a search tries, and no model in production reads"
    )
    reasons: dict[str, ReasonGroup] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _filled(cls, given: Any) -> Any:
        """The sets that stand for a default; a block without numbers is an empty one."""
        if not isinstance(given, dict):
            return given
        sets, blocks = given.get("sets"), given.get("blocks")
        named = {"default_set": list(sets)[-1], "baseline_set": next(iter(sets))} if isinstance(sets, dict) and sets else {}
        filled = {"blocks": {name: block or {} for name, block in blocks.items()}} if isinstance(blocks, dict) else {}
        return named | given | filled

    @cached_property
    def counts(self) -> tuple[Count, ...]:
        """The trailing counts, in the order of the features table's columns."""
        kinds: tuple[Literal["contacts", "conversions"], ...] = ("contacts", "conversions")
        trailing = [Count(name=f"{of}_{window}d", of=of, window=window) for window in self.windows for of in kinds]
        parts = [
            Count(name=f"{of}_{segment.window}d_{label}", of=of, window=segment.window, label=label)
            for segment in self.segments.values()
            for label in segment.counted
            for of in kinds
        ]
        return (*trailing, *parts, *(Count(name=f"{of}_all", of=of, window=None) for of in kinds))

    @property
    def counted(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        """Column and categories of each segment that is counted, by the ending of its counts' names."""
        return {
            label: (column, categories)
            for column, segment in self.segments.items()
            for label, categories in segment.counted.items()
        }

    @property
    def campaign_columns(self) -> tuple[str, ...]:
        """Columns of the features table that the campaign gives to each row."""
        return (*(count.name for count in self.counts), LIST_SIZE, GAP)

    def numbers(self, feature_set: str) -> dict[str, Number]:
        """The numbers of a feature set, in their order. KeyError when there is no such set."""
        found: dict[str, Number] = {}
        for block in self.sets[feature_set]:
            found |= self.blocks[block]
        return found

    def point_in_time(self, feature_set: str) -> bool:
        """Whether everything that a set reads is known before the calls: what is published later only stands for comparison."""
        read = {number.column for number in self.numbers(feature_set or self.default_set).values()}
        return not any(self.attributes[name].published_later for name in read if name in self.attributes)

    @property
    def category_values(self) -> list[list[str]]:
        """Column and category of each flag of the encoding."""
        return [[name, value] for name in self.categories for value in self.attributes[name].categories]

    @cached_property
    def groups(self) -> dict[str, str]:
        """Reason group of each number and categorical column: the declared one, else that of its column, rate or volume."""
        numbers = {name: number for block in self.blocks.values() for name, number in block.items()}
        declared = {member: name for name, group in self.reasons.items() for member in group.of}
        return {name: name for name in self.categories} | {name: one.group for name, one in numbers.items()} | declared

    @cached_property
    def text(self) -> str:
        """The specification as JSON: what a stored model carries."""
        return self.model_dump_json(by_alias=True, exclude_defaults=True, exclude={"experimental"})

    @property
    def digest(self) -> str:
        """sha256 of what decides a prediction: words, slices and what a search tries beside it do not."""
        besides: Any = {"slices": True, "reasons": True, "experimental": True, "attributes": {"__all__": {"title"}}}
        content = self.model_dump_json(exclude=besides)
        return hashlib.sha256(content.encode()).hexdigest()


def _given(value: object) -> bool:
    return value is not None and value is not False and value not in ("", ())
