"""How a campaign speaks to people: its title, its currency and numbers, and what it calls a success."""

from __future__ import annotations

from functools import cached_property

from babel import Locale, UnknownLocaleError
from babel.numbers import format_decimal, get_currency_symbol, list_currencies
from pydantic import BaseModel, ConfigDict, Field, field_validator

MINUS = "\N{MINUS SIGN}"


class Presentation(BaseModel):
    """Titles and formats of pages, reports, mails and the terminal; from `params.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(default="", description="of the campaign, for people")
    currency: str = Field(default="", description="ISO 4217 code of its prices; amounts are plain numbers where none is given")
    locale: str = Field(
        default="en", description="language tag that says how numbers and amounts are written, for example de-AT"
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

    @property
    def symbol(self) -> str:
        """Sign of the currency, for the head of a column; empty where none is given."""
        return str(get_currency_symbol(self.currency, locale=self._locale)) if self.currency else ""
