"""Amounts and numbers as a campaign's locale and currency write them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from bank_marketing.campaign.params import load_params
from bank_marketing.campaign.presentation import MINUS, Presentation
from bank_marketing.errors import ConfigError

NBSP = "\N{NO-BREAK SPACE}"
QUOTE = "\N{RIGHT SINGLE QUOTATION MARK}"


@pytest.mark.parametrize(
    ("currency", "locale", "amount", "digits", "text"),
    [
        ("EUR", "en", 1234.5, 2, "€1,234.50"),
        ("EUR", "en", -1234.5, 0, f"{MINUS}€1,234"),
        ("EUR", "de", 1234.5, 2, f"1.234,50{NBSP}€"),
        ("EUR", "de", -8, 0, f"{MINUS}8{NBSP}€"),
        ("CHF", "de-CH", 1234567, 0, f"CHF{NBSP}1{QUOTE}234{QUOTE}567"),
        ("JPY", "ja", 1234, 0, "￥1,234"),
        ("JPY", "en", 12.5, 2, "¥12.50"),
        ("", "en", -0.4, 0, "0"),
        ("", "de", 1234567.891, 2, "1.234.567,89"),
        ("USD", "en", -0.001, 2, "$0.00"),
    ],
)
def test_money(currency: str, locale: str, amount: float, digits: int, text: str) -> None:
    assert Presentation(currency=currency, locale=locale).money(amount, digits) == text


def test_whole_numbers() -> None:
    assert Presentation(locale="en").number(1234567) == "1,234,567"
    assert Presentation(locale="pt-BR").number(1234567) == "1.234.567"
    assert Presentation(locale="en").number(-0.4) == "0"


@pytest.mark.parametrize(
    ("locale", "share", "decimal", "day", "whole", "moment"),
    [
        ("en", f"12.3{NBSP}%", "1,234.6", "2010-07-01", "Thursday, 1 July 2010", "2010-07-01 14:05"),
        ("en-GB", "12.3%", "1,234.6", "1 Jul 2010", "Thursday, 1 July 2010", "1 Jul 2010 14:05"),
        ("en-US", "12.3%", "1,234.6", "Jul 1, 2010", "Thursday, July 1, 2010", "Jul 1, 2010 14:05"),
        ("de", f"12,3{NBSP}%", "1.234,6", "01.07.2010", "Donnerstag, 1. Juli 2010", "01.07.2010 14:05"),
        ("pt-BR", "12,3%", "1.234,6", "1 de jul. de 2010", "quinta-feira, 1 de julho de 2010", "1 de jul. de 2010 14:05"),
    ],
)
def test_percentages_and_days(locale: str, share: str, decimal: str, day: str, whole: str, moment: str) -> None:
    said, first = Presentation(locale=locale), date(2010, 7, 1)
    assert (said.percent(0.1234), said.decimal(1234.56)) == (share, decimal)
    assert (said.day(first), said.day("2010-07-01"), said.day(first, whole=True)) == (day, day, whole)
    assert said.moment(datetime(2010, 7, 1, 14, 5, tzinfo=UTC)) == moment


def test_what_is_no_day_is_said_as_it_is_and_a_share_has_the_places_that_are_asked_for() -> None:
    assert Presentation(locale="de").day("unknown") == "unknown"
    assert (Presentation(locale="de").percent(1, 0), Presentation(locale="de").percent(-0.055)) == (
        f"100{NBSP}%",
        f"{MINUS}5,5{NBSP}%",
    )
    assert (Presentation().percent(1, 0), Presentation().decimal(-0.04)) == (f"100{NBSP}%", "0.0")


@pytest.mark.parametrize(("name", "value"), [("currency", "EURO"), ("currency", "euro"), ("locale", "klingon"), ("locale", "")])
def test_what_is_no_currency_and_no_locale_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match=repr(value)):
        Presentation(**{name: value})


def test_the_refusal_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("title: Cards\ncurrency: GOLD\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"params.yaml, line 2: currency: .*'GOLD' is no currency of ISO 4217"):
        load_params(path, {}, {})


def test_words_of_a_campaign(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("title: Cards\ncurrency: CHF\nlocale: de-CH\nsuccess: card\nsuccesses: cards\n", encoding="utf-8")
    said = load_params(path, {}, {"call_cost": 5}).presentation
    assert (said.title, said.symbol, said.success, said.successes) == ("Cards", "CHF", "card", "cards")
