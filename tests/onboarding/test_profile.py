"""What a column holds: numbers and dates in the forms of several countries, missing cells, values."""

from __future__ import annotations

from pathlib import Path

import pytest

from bank_marketing.errors import ConfigError
from bank_marketing.onboarding.dialect import Dialect
from bank_marketing.onboarding.profile import ColumnProfile, profile_export


def column(tmp_path: Path, *cells: str) -> ColumnProfile:
    path = tmp_path / "export.csv"
    path.write_text("id;cell\n" + "".join(f'{number};"{cell}"\n' for number, cell in enumerate(cells)), encoding="utf-8")
    return profile_export(path, Dialect(encoding="utf-8", delimiter=";"))["cell"]


@pytest.mark.parametrize(
    ("cells", "kind", "form"),
    [
        (("1", "-2", "+30"), "integer", (".", "")),
        (("1.5", "2"), "double", (".", "")),
        (("1,5", "2"), "double", (",", "")),
        (("1.234,56", "7"), "double", (",", ".")),
        (("1,234.56", "1234"), "double", (".", ",")),
        (("1 234,5", "7"), "double", (",", " ")),
        (("1,5", "2.5"), "text", None),
        (("1e3", "2"), "integer", (".", "")),
        (("31", "3_1"), "text", None),
    ],
)
def test_numbers_are_read_in_the_form_of_their_country(
    tmp_path: Path, cells: tuple[str, ...], kind: str, form: tuple[str, str] | None
) -> None:
    found = column(tmp_path, *cells)
    assert (found.kind, found.number_format) == (kind, form)


@pytest.mark.parametrize(
    ("cells", "form"),
    [
        (("2024-02-29", "2024-03-01"), "%Y-%m-%d"),
        (("29.02.2024", "01.03.2024"), "%d.%m.%Y"),
        (("13/02/2024", "01/03/2024"), "%d/%m/%Y"),
        (("02/13/2024", "03/01/2024"), "%m/%d/%Y"),
        (("20240229", "20240301"), "%Y%m%d"),
        (("2024-02-29 23:59:59", "2024-03-01T00:01"), "%Y-%m-%d"),
    ],
)
def test_dates_are_read_in_the_form_of_their_country(tmp_path: Path, cells: tuple[str, ...], form: str) -> None:
    found = column(tmp_path, *cells)
    assert (found.kind, found.date_format, found.ambiguous_date) == ("date", form, False)


def test_a_date_that_could_be_read_both_ways_says_so(tmp_path: Path) -> None:
    assert column(tmp_path, "01/02/2024", "03/04/2024").ambiguous_date


def test_a_day_that_no_calendar_has_is_no_date(tmp_path: Path) -> None:
    assert column(tmp_path, "2024-02-28", "2023-02-29").kind == "text"


def test_eight_digits_of_money_are_no_dates(tmp_path: Path) -> None:
    assert column(tmp_path, "30240229", "30240301").kind == "integer"


def test_missing_cells_are_counted_and_rule_nothing_out(tmp_path: Path) -> None:
    found = column(tmp_path, "5", "", "n/a", "NULL", "-3", "?", "7")
    assert found.kind == "integer"
    assert found.missing_share == pytest.approx(4 / 7)
    assert (found.range, found.distinct) == ((-3, 7), 3)


def test_a_column_without_a_value_is_empty(tmp_path: Path) -> None:
    assert column(tmp_path, "", "-").kind == "empty"


def test_values_beyond_the_limit_are_not_counted_but_still_read(tmp_path: Path) -> None:
    found = column(tmp_path, *(str(number) for number in range(10_050)), "x")
    assert (found.many, found.distinct, found.kind) == (True, 10_000, "text")


def test_an_unknown_column_is_refused_with_the_names_that_are_there(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text("a;b\n1;2\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"export\.csv has no column 'c'; it has a, b"):
        profile_export(path, Dialect(encoding="utf-8", delimiter=";"))["c"]
