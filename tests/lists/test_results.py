"""What comes back can be sent again, and no spreadsheet runs what stands in it."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import pytest

from bank_marketing.lists import CustomerList, results
from bank_marketing.lists.sizes import size_of_list
from tests.lists.written import CONTRACT, DAY, clients, read, scored, text


def result_of(customers: CustomerList, size: int = 40) -> bytes:
    rows: list[tuple[int, dict[str, Any]]] = []
    for place in reversed(range(len(customers.prospects))):
        rank = len(customers.prospects) - place
        who = customers.prospects["contact_id"].iloc[place]
        figures = {
            "rank": rank,
            "contact_id": who,
            "probability": 0.1 + 0.2,
            "decision": rank == 1,
            "expected_profit": 4.0000001,
        }
        figures |= {"decile": results.decile(rank, 10), "reasons": ["=cmd()", "because"]}
        row = results.scored_row(
            figures, day=DAY, list_size=size, model_version=1, run_id="r", as_of=date(2010, 6, 30), prediction_id=f"p-{place}"
        )
        rows.append((place, row))
    return results.scored_bytes(customers, rows, CONTRACT)


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline=""), delimiter=";"))


def test_a_result_has_the_figures_the_clients_columns_and_the_further_ones() -> None:
    rows = [row | {"phone": "+351 900", "note": "a\nb"} for row in clients(2)]
    first, second = table(result_of(read(text(rows))))
    assert (first["rank"], first["contact_id"], first["decision"], first["probability"]) == (
        "1",
        "T00002",
        "call",
        "0.30000000000000004",
    )
    assert (second["decision"], second["expected_profit"], second["list_size"]) == ("do not call", "4.0", "40")
    assert (first["reason_1"], first["reason_2"], first["reason_3"]) == ("'=cmd()", "because", "")
    assert (first["emp.var.rate"], first["phone"], first["note"]) == ("1.1", "'+351 900", "a\nb")


def test_a_result_comes_back_as_the_list_that_it_was() -> None:
    customers = read(text([row | {"phone": "=1+1"} for row in clients(3)]))
    again = read(result_of(customers))
    assert scored(again) == list(reversed(scored(customers)))
    assert list(again.extras.columns) == ["phone"]
    assert (again.stated_size, size_of_list(None, again)) == (40, (40, "the list that these rows are a part of"))
    assert any("Left out, as columns of an earlier result: rank, probability, decision" in note for note in again.notes)


def test_what_was_left_out_comes_back_corrected_and_keeps_the_length_of_its_list() -> None:
    rows = [row | {"Phone": f"+x{number}"} for number, row in enumerate([*clients(8), clients(1)[0]])]
    rows[3]["age"], rows[5]["job"], rows[6]["marital"] = 7, "=astronaut()", "-2+3"
    customers = read(text(rows))
    content = results.left_out_bytes(customers, 8)
    came = table(content)
    assert [(row["line"], row["status"]) for row in came] == [
        ("2", "duplicate"),
        ("5", "rejected"),
        ("7", "rejected"),
        ("8", "rejected"),
    ]
    assert (came[2]["job"], came[3]["marital"], came[1]["Phone"]) == ("'=astronaut()", "'-2+3", "'+x3")
    corrected = content.decode().replace(";7;", ";77;").replace("'=astronaut()", "Admin.").replace("'-2+3", "single")
    again = read(corrected)
    assert again.counts == {"rows_read": 3, "clean": 3, "rejected": 0, "duplicates": 0}
    assert [row["contact_id"] for row in scored(again)] == ["T00004", "T00006", "T00007"]
    assert size_of_list(None, again) == (8, "the list that these rows are a part of")
    assert "1 rows that an earlier result marks as duplicates were left out." in again.notes


def test_a_row_of_another_length_comes_back_as_far_as_it_goes() -> None:
    lines = text(clients(2)).splitlines()
    content = results.left_out_bytes(read("\n".join([*lines, "C9;44;admin."])), 3)
    (row,) = table(content)
    assert (row["contact_id"], row["age"], row["job"], row["marital"]) == ("C9", "44", "admin.", "")


@pytest.mark.parametrize(("given", "size"), [(None, (5, "clients on this list")), (17, (17, "given"))])
def test_the_size_of_a_list_is_given_or_its_own_clients(given: int | None, size: tuple[int, str]) -> None:
    rows = [*clients(5), clients(1)[0]]
    rows[2]["age"] = 7
    assert size_of_list(given, read(text(rows))) == size


def test_the_first_rows_of_a_file_are_whole_rows() -> None:
    content = result_of(read(text([row | {"note": "a\nb\u2028c"} for row in clients(4)])))
    assert table(results.first_rows(content, 2)) == table(content)[:2]


@pytest.mark.parametrize(
    ("rank", "total", "tenth"), [(1, 1, 1), (1, 10, 1), (2, 10, 2), (10, 10, 10), (3, 25, 1), (4, 25, 2), (25, 25, 10)]
)
def test_a_decile_is_a_tenth_of_the_list(rank: int, total: int, tenth: int) -> None:
    assert results.decile(rank, total) == tenth
