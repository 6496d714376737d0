"""On which days a campaign calls: its weekdays less the holidays of its country; and when a day of its begins and ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

import holidays
from pydantic import BaseModel, ConfigDict, Field, field_validator

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Calendar(BaseModel):
    """The calendar of a campaign; from `calendar` in `params.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    working_days: tuple[Weekday, ...] = Field(
        default=("mon", "tue", "wed", "thu", "fri"), min_length=1, description="weekdays with calls"
    )
    holidays: str = Field(
        default="", description="country, or country and region, on whose public holidays nobody is called: CH, US, DE-BY"
    )

    timezone: str = Field(
        default="UTC",
        description="in which its nights are scheduled and its days begin, by name: Europe/Zurich, America/New_York",
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"{name!r} is no time zone of the IANA database, such as Europe/Zurich, America/New_York or UTC")
        return name

    @field_validator("holidays")
    @classmethod
    def _known_country(cls, place: str) -> str:
        if place:
            country, _, region = place.partition("-")
            regions = holidays.list_supported_countries(include_aliases=False).get(country)
            if regions is None or (region and region not in regions):
                raise ValueError(
                    f"{place!r} is no country of ISO 3166 whose holidays are known, nor one with a region of it, such as AT or US-CA"
                )
        return place

    def day_of(self, moment: datetime) -> date:
        """The day that a moment lies on where the campaign is; a moment without a time zone is UTC."""
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(ZoneInfo(self.timezone)).date()

    def today(self) -> date:
        """The day that it is where the campaign is."""
        return self.day_of(datetime.now(UTC))

    def holiday(self, day: date) -> str:
        """Name of the public holiday of a day, in English where it is known; empty where it is none."""
        return str(_holidays(self.holidays).get(day, "")) if self.holidays else ""

    def works(self, day: date) -> bool:
        """Whether the campaign calls on a day."""
        return WEEKDAYS[day.weekday()] in self.working_days and not self.holiday(day)

    def next_working_day(self, after: date) -> date:
        """The first day after another on which the campaign calls."""
        day = after + timedelta(days=1)
        while not self.works(day):
            day += timedelta(days=1)
        return day

    def why_not(self, day: date) -> str:
        """What speaks against calls on a day, to be continued after "it"; empty where nothing does."""
        if WEEKDAYS[day.weekday()] not in self.working_days:
            return f"is a {day:%A}, and the campaign does not call on {day:%A}s"
        name = self.holiday(day)
        return f"is a public holiday, {name}" if name else ""


@lru_cache(maxsize=8)
def _holidays(place: str) -> holidays.HolidayBase:
    country, _, region = place.partition("-")
    return holidays.country_holidays(country, subdiv=region or None, language="en_US")
