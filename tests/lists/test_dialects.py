"""However a list is written, the same clients come out of it, and what was understood is said."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from bank_marketing.errors import ContractViolation, ListTooLarge
from tests.lists.written import ASKED, CONTRACT, DAY, MARKET, clients, left_out, read, scored, text
from tests.support.landed import Row

ROWS = clients(6)
PLAIN = text(ROWS)


def workbook(rows: list[Row], sheet: str = "Clients") -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "Empty"
    page = book.create_sheet(sheet)
    page.append([CONTRACT[name].source_name for name in rows[0]])
    for row in rows:
        page.append(list(row.values()))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def shouted(rows: list[Row]) -> list[Row]:
    return [{name: f" {value}\u00a0".upper() if name != "contact_id" else value for name, value in row.items()} for row in rows]


def as_floats(rows: list[Row]) -> list[Row]:
    return [{name: float(value) if isinstance(value, int) else value for name, value in row.items()} for row in rows]


def with_comma(value: object) -> object:
    return f"{value:,.3f}".translate(str.maketrans(",.", ".,")) if isinstance(value, float) else value


def european(rows: list[Row]) -> list[Row]:
    return [{name: with_comma(value) for name, value in row.items()} for row in rows]


#: How a list may be written, and what must be said of it.
DIALECTS: dict[str, tuple[str | bytes, str]] = {
    "semicolon": (PLAIN, "UTF-8, cells separated by semicolon"),
    "comma": (text(ROWS, ","), "separated by comma"),
    "tab": (text(ROWS, "\t"), "separated by tab"),
    "bar": (text(ROWS, "|"), "separated by vertical bar"),
    "unix": (text(ROWS, end="\n"), "UTF-8"),
    "old mac": (text(ROWS, end="\r"), "UTF-8"),
    "own names": (text(ROWS, names=ASKED), "UTF-8"),
    "names in capitals": (text(ROWS, names=[CONTRACT[name].source_name.upper() for name in ASKED]), "UTF-8"),
    "names with spaces": (text(ROWS, names=[name.title().replace("_", " ") for name in ASKED]), "UTF-8"),
    "another order": (text([dict(reversed(row.items())) for row in ROWS]), "UTF-8"),
    "all in quotes": ("\r\n".join(f'"{line.replace(";", chr(34) + ";" + chr(34))}"' for line in PLAIN.splitlines()), "UTF-8"),
    "sep": ("sep=;\r\n" + PLAIN, "separated by semicolon"),
    "separators at the end": (PLAIN.replace("\r\n", ";;\r\n"), "UTF-8"),
    "empty rows": (PLAIN + "\r\n" + ";" * (len(ASKED) - 1) + "\r\n", "2 empty rows were left out"),
    "byte order mark": ("\ufeff" + PLAIN, "UTF-8 with a byte order mark"),
    "UTF-16": (PLAIN.encode("utf-16"), "UTF-16"),
    "UTF-16 without a mark": (PLAIN.encode("utf-16-le"), "UTF-16"),
    "gzip": (gzip.compress(PLAIN.encode()), "compressed (gzip)"),
    "workbook": (workbook(ROWS), "Excel workbook, sheet 'Clients'"),
    "capitals and spaces": (text(shouted(ROWS)), "job: 6 cells in another case were understood"),
    "floats": (text(as_floats(ROWS)), "UTF-8"),
    "decimal comma": (text(european(ROWS)), "decimal comma"),
    "pandas": (text([{"": number} | row for number, row in enumerate(ROWS)], ","), "Left out, as they have no name: column 1"),
    "never as -1": (text([row | {"pdays": -1} for row in ROWS]), "pdays: 6 cells that are empty or -1 were read as 999"),
    "never as nothing": (text([row | {"pdays": ""} for row in ROWS]), "which means never"),
    "the day's own columns": (text([row | {"month": "jul", "day_of_week": "thu"} for row in ROWS]), "UTF-8"),
    "another day's columns": (
        text([row | {"month": "jun", "day_of_week": "THU"} for row in ROWS]),
        "month of 6 rows is not that of the day of the calls, jul: it was ignored",
    ),
    "known after the call": (
        text([row | {"duration": 9, "y": "no"} for row in ROWS]),
        "known only after the call: duration, y",
    ),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_gives_the_same_clients_and_is_named(dialect: str) -> None:
    content, says = DIALECTS[dialect]
    customers = read(content)
    day = CONTRACT.derived_values(DAY)
    assert scored(customers) == [
        {column.name: (row | day)[column.name] for column in CONTRACT.prospect_columns} for row in ROWS
    ]
    assert says in " ".join(customers.notes)
    assert customers.counts == {"rows_read": 6, "clean": 6, "rejected": 0, "duplicates": 0}


def test_a_plain_list_is_said_in_one_sentence() -> None:
    assert read(PLAIN).notes == ("Read as UTF-8, cells separated by semicolon.",)


def test_windows_text_is_read_and_said_to_be_a_guess() -> None:
    customers = read(text([*ROWS, ROWS[0] | {"contact_id": "JOSÉ-1"}]).encode("cp1252"))
    assert scored(customers)[-1]["contact_id"] == "JOSÉ-1"
    assert customers.notes[0].startswith("Read as Windows-1252")
    assert "guessed" in customers.notes[1]


def test_a_list_without_the_market_has_the_last_days() -> None:
    short = [{name: value for name, value in row.items() if name not in MARKET} for row in ROWS]
    customers = read(text(short))
    assert [{name: row[name] for name in MARKET} for row in scored(customers)] == [MARKET] * 6
    assert any("Filled in with the values of 2010-06-30: emp.var.rate" in note for note in customers.notes)


def test_clients_without_a_name_are_called_by_their_line() -> None:
    nameless = [{name: value for name, value in row.items() if name != "contact_id"} for row in ROWS]
    assert [row["contact_id"] for row in scored(read(text(nameless)))] == [f"ROW-{line}" for line in range(2, 8)]
    some = [row | {"contact_id": "" if number % 2 else f"{number}.0"} for number, row in enumerate(ROWS)]
    assert [row["contact_id"] for row in scored(read(text(some)))] == ["0", "ROW-3", "2", "ROW-5", "4", "ROW-7"]


def test_further_columns_come_along_with_their_rows() -> None:
    rows = [row | {"name": f"Ana {row['contact_id']}", "phone": "=1+1"} for row in ROWS]
    rows[2]["age"] = "old"
    customers = read(text(rows))
    assert customers.extras.to_dict("records") == [
        {"name": row["name"], "phone": "=1+1"} for number, row in enumerate(rows) if number != 2
    ]
    assert any("given back beside the result: name, phone" in note for note in customers.notes)


def test_the_first_sheet_with_cells_is_read_and_numbers_its_rows_as_excel_does() -> None:
    customers = read(workbook([*ROWS, ROWS[0] | {"contact_id": "C9", "age": "old"}]), "clients.xlsx")
    assert [(line, status) for line, status, _ in left_out(customers)] == [(8, "rejected")]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "it is empty"),
        (b"\n\n;;\n", "it is empty"),
        (PLAIN.splitlines()[0].encode(), "no rows below its first line"),
        (
            PLAIN.split("\r\n", 1)[1].encode(),
            "its first line must name the columns, and it names none of them ('T00001', '31',",
        ),
        (PLAIN.replace(";age;", ";alter;").encode(), "missing columns: age; it has columns of other names (alter)"),
        (PLAIN.replace(";age;", ";Age;").replace(";job;", ";AGE;").encode(), "missing columns: job; stands there twice: AGE"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "an old Excel workbook (.xls)"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"PK\x03\x04nonsense", "the workbook is damaged"),
        (gzip.compress(PLAIN.encode())[:-9], "a gzip file that is cut off or damaged"),
        (gzip.compress(gzip.compress(PLAIN.encode())), "compressed twice"),
        (bytes(range(256)) * 3, "no text that could be read"),
    ],
)
def test_what_is_no_list_is_refused_in_one_sentence(content: bytes, says: str) -> None:
    with pytest.raises(ContractViolation) as caught:
        read(content)
    assert says in str(caught.value)
    assert str(caught.value).startswith("list.csv cannot be scored: ")


def test_a_zip_archive_is_no_workbook(tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "list.zip", "w") as parts:
        parts.writestr("list.csv", PLAIN)
    with pytest.raises(ContractViolation, match="a zip archive, not a workbook"):
        read((tmp_path / "list.zip").read_bytes())


@pytest.mark.parametrize("pack", [lambda: gzip.compress(b"a;b\n" * 600_000), lambda: workbook(clients(300))])
def test_what_unpacks_to_more_than_the_limit_is_not_unpacked(pack: Callable[[], bytes]) -> None:
    content: Any = pack()
    assert len(content) < 60_000
    with pytest.raises(ListTooLarge, match=r"60,000"):
        read(content, unpacked_bytes=60_000)


def test_a_list_that_is_too_long_is_refused_before_it_is_in_memory() -> None:
    assert read(PLAIN, rows=6).counts["rows_read"] == 6
    with pytest.raises(ListTooLarge, match="more than 5 rows"):
        read(PLAIN, rows=5)
