"""How a campaign speaks to people: its title, its currency, numbers and dates, and what it calls a success."""

from __future__ import annotations

from datetime import date, datetime
from functools import cached_property

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal, get_currency_symbol, list_currencies
from pydantic import BaseModel, ConfigDict, Field, field_validator

MINUS = "\N{MINUS SIGN}"

#: English of no country, which does not say how dates and percentages are written: they are as ISO 8601 and the SI brochure want them.
INTERNATIONAL = "en"


class Presentation(BaseModel):
    """Titles and formats of pages, reports, mails and the terminal; from `params.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(default="", description="of the campaign, for people")
    currency: str = Field(default="", description="ISO 4217 code of its prices; amounts are plain numbers where none is given")
    locale: str = Field(
        default=INTERNATIONAL,
        description="language tag that says how numbers, amounts and dates are written, for example de-AT",
    )
    success: str = Field(default="success", min_length=1, description="what a call is made for, one of them")
    successes: str = Field(default="successes", min_length=1, description="several of them")

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, code: str) -> str:
        if code and code not in list_currencies():
            raise ValueError(f"{code!r} is no currency of ISO 4217, such as CHF, GBP or USD")
        return code

    @field_validator("locale")
    @classmethod
    def _known_locale(cls, tag: str) -> str:
        try:
            Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError):
            raise ValueError(f"{tag!r} is no language tag that numbers can be written in, such as en, de or pt-BR") from None
        return tag

    @cached_property
    def _locale(self) -> Locale:
        return Locale.parse(self.locale, sep="-")

    def money(self, amount: float, digits: int = 0) -> str:
        """An amount in the campaign's currency, with a real minus sign; rounded to `digits` places."""
        rounded = round(amount, digits) + 0.0  # no minus before a zero
        form = self._locale.currency_formats["standard"] if self.currency else self._locale.decimal_formats[None]
        text: str = form.apply(
            rounded, self._locale, currency=self.currency or None, currency_digits=False, force_frac=(digits, digits)
        )
        return text.replace("-", MINUS)

    def number(self, value: float) -> str:
        """A whole number."""
        return str(format_decimal(round(value), format="#,##0", locale=self._locale)).replace("-", MINUS)

    def decimal(self, value: float, digits: int = 1) -> str:
        """A number with so many places behind its mark."""
        form = "#,##0" + "." * (digits > 0) + "0" * digits
        return str(format_decimal(round(value, digits) + 0.0, format=form, locale=self._locale)).replace("-", MINUS)

    def percent(self, share: float, digits: int = 1) -> str:
        """A share as a percentage: 0.123 as 12.3 %."""
        if self.locale == INTERNATIONAL:
            return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"
        form = self._locale.percent_formats[None].apply(share, self._locale, force_frac=(digits, digits))
        return str(form).replace("-", MINUS)

    def day(self, day: date | str, *, whole: bool = False) -> str:
        """A day, or its ISO text; `whole`: with its weekday, in words. What is no day is given back as it is."""
        if isinstance(day, str):
            try:
                day = date.fromisoformat(day[:10])
            except ValueError:
                return str(day)
        if self.locale == INTERNATIONAL:
            return f"{day:%A}, {day.day} {day:%B %Y}" if whole else f"{day:%Y-%m-%d}"
        return str(format_date(day, "full" if whole else "medium", locale=self._locale))

    def moment(self, moment: datetime) -> str:
        """A moment of a day, to the minute."""
        return f"{self.day(moment.date())} {moment:%H:%M}"

    @property
    def symbol(self) -> str:
        """Sign of the currency, for the head of a column; empty where none is given."""
        return str(get_currency_symbol(self.currency, locale=self._locale)) if self.currency else ""
