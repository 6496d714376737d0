"""The inbox: lists of people in any of the usual dialects become lists in the landed files' dialect, row by row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from bank_marketing.errors import ConfigError, ContractViolation
from bank_marketing.landing import inbox
from tests.support.campaign import CONTRACT
from tests.support.landed import contact, lines

DAY = date(2010, 7, 1)
LIST = lines([contact(number, DAY) for number in range(1, 6)], prospects=True)
NAMES = [column.source_name for column in CONTRACT.prospect_columns]


def received(root: Path, content: str | bytes, name: str = "my customers.csv") -> list[str]:
    """The lines in the inbox after a list was brought."""
    source = root / name
    source.write_bytes(content if isinstance(content, bytes) else content.encode())
    kept = inbox.receive(source, DAY, root / "landing", CONTRACT)
    return (root / "landing" / "inbox" / kept).read_text(encoding="utf-8").splitlines()


def test_every_usual_dialect_gives_the_same_list(tmp_path: Path) -> None:
    plain = "\n".join(LIST)
    own_names = plain.replace("emp.var.rate", "emp_var_rate").replace("nr.employed", "nr_employed")
    shuffled = "\n".join(";".join(line.split(";")[::-1]) for line in LIST)
    told = [
        received(tmp_path, variant)
        for variant in (
            plain, plain.replace(";", ","), plain.replace("\n", "\r\n"), "\ufeff" + plain, plain.replace('"', ""), own_names, shuffled,
            plain.replace("\n", "\n\n"),
        )
    ]  # fmt: skip
    assert len(told[0]) == 6
    assert all(lines_of == told[0] for lines_of in told)
    assert len(list((tmp_path / "landing" / "inbox").iterdir())) == 1, "the same content has the same name"


def test_what_follows_from_the_day_or_the_row_may_be_left_out(tmp_path: Path) -> None:
    left = [name for name in NAMES if name not in ("contact_id", "month", "day_of_week")]
    kept = [NAMES.index(name) for name in left]
    short = [",".join(line.split(";")[index] for index in kept) for line in LIST]
    rows = [line.split(";") for line in received(tmp_path, "\n".join(short))]
    assert [row[0] for row in rows[1:]] == [f'"ROW-{number}"' for number in range(1, 6)]
    assert {row[NAMES.index("month")] for row in rows[1:]} == {'"jul"'}
    assert {row[NAMES.index("day_of_week")] for row in rows[1:]} == {'"thu"'}


@pytest.mark.parametrize("change", [lambda row: row + ";x", lambda row: row.rpartition(";")[0], lambda row: "x"])
def test_a_row_of_another_length_stays_a_row_of_another_length(tmp_path: Path, change: Callable[[str], str]) -> None:
    rows = received(tmp_path, "\n".join([*LIST[:3], change(LIST[3]), *LIST[4:]]))
    widths = [len(row.split(";")) for row in rows]
    assert len(rows) == 6
    assert widths[3] != len(NAMES)
    assert {width for number, width in enumerate(widths) if number != 3} == {len(NAMES)}


def test_a_row_does_not_fit_by_chance_when_the_list_leaves_columns_out(tmp_path: Path) -> None:
    short = [line.partition(";")[2] for line in LIST]
    rows = received(tmp_path, "\n".join([*short[:2], short[2] + ";1"]))
    assert len(rows[2].split(";")) == len(NAMES) + 1


def test_a_cell_cannot_break_out_of_its_line(tmp_path: Path) -> None:
    rows = received(tmp_path, "\n".join([*LIST[:2], LIST[2].replace('"married"', '"mar""r\n;ied\\"')]))
    assert len(rows) == 3
    assert r'"mar\"r ;ied\\"' in rows[2]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("\n".join(lines([contact(1, DAY)])), "known only after the call"),
        (LIST[0].replace('"job";', ""), "missing columns: job"),
        (LIST[0] + ';"phone"', "unknown columns: 'phone'"),
        (LIST[0] + ';"age"', "stands there twice"),
        ("", "missing columns"),
        (b"\xff\xfea\x00", "not UTF-8"),
        ("\n".join([LIST[0], '"a"b;c']), "not CSV"),
    ],
    ids=["outcome", "missing", "unknown", "twice", "empty", "UTF-16", "quotes"],
)
def test_what_is_no_list_is_refused_and_leaves_nothing(tmp_path: Path, content: str | bytes, says: str) -> None:
    with pytest.raises(ContractViolation, match=says):
        received(tmp_path, content)
    assert not list((tmp_path / "landing" / "inbox").iterdir())


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no file"):
        inbox.receive(tmp_path / "absent.csv", DAY, tmp_path, CONTRACT)


@pytest.mark.parametrize(
    ("evening", "following"), [("2010-06-30", "2010-07-01"), ("2010-07-02", "2010-07-05"), ("2010-07-03", "2010-07-05")]
)
def test_the_call_centre_works_on_weekdays(evening: str, following: str) -> None:
    assert inbox.next_weekday(date.fromisoformat(evening)) == date.fromisoformat(following)
