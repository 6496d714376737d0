"""A landed file that cannot be read is told from one that can, in words that help."""

from __future__ import annotations

import hashlib
import io
import os
import threading
import time
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bank_marketing.errors import ContractViolation, LandedFileIncomplete
from bank_marketing.landing.inspection import InspectedFile, _scan, inspect
from bank_marketing.landing.zone import LandedFile
from tests.support.campaign import CONTRACT
from tests.support.landed import contact, lines, write_contacts

DAY = date(2010, 6, 30)
GOOD = lines(contact(n, DAY) for n in range(1, 13))


def landed(root: Path, content: list[str] | bytes, settle: float = 0) -> InspectedFile:
    path = write_contacts(root, DAY, content)
    return inspect(LandedFile(kind="contacts", date=DAY, path=path), CONTRACT, settle_seconds=settle)


def test_a_good_file_is_counted(tmp_path: Path) -> None:
    found = landed(tmp_path, GOOD)
    assert (found.rows, found.date) == (12, DAY)
    assert len(found.sha256) == 64


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_ends_and_blank_lines_do_not_change_the_count(tmp_path: Path, ending: str) -> None:
    text = ending.join([GOOD[0], "", *GOOD[1:], "", "  "])
    assert landed(tmp_path, text.encode()).rows == 12


def test_a_file_larger_than_a_block_is_counted(tmp_path: Path) -> None:
    content = [GOOD[0], *(GOOD[1 + n % 12] for n in range(20_000))]
    assert landed(tmp_path, content).rows == 20_000


def without(column: str) -> list[str]:
    place = [cell.strip('"') for cell in GOOD[0].split(";")].index(column)
    return [";".join(cell for i, cell in enumerate(line.split(";")) if i != place) for line in GOOD]


BAD: dict[str, tuple[list[str] | bytes, str, str]] = {
    "empty": (b"", "empty_file", "it is empty"),
    "blank": (b"\r\n\r\n", "empty_file", "it is empty"),
    "header only": (GOOD[:1], "no_rows", "a header and no rows"),
    "comma": ([line.replace(";", ",") for line in GOOD], "delimiter", "separated by ','"),
    "tab": ([line.replace(";", "\t") for line in GOOD], "delimiter", r"separated by '\\t'"),
    "one column": (["x", "1"], "delimiter", "header is one column"),
    "missing column": (without("job"), "columns", "missing columns: job"),
    "extra column": ([GOOD[0] + ';"vip"', *(line + ";1" for line in GOOD[1:])], "columns", "unknown columns: 'vip'"),
    "renamed column": (
        [GOOD[0].replace('"age"', '"Age"'), *GOOD[1:]],
        "columns",
        "missing columns: age; unknown columns: 'Age'",
    ),
    "repeated column": (
        [GOOD[0].replace('"age"', '"job"'), *GOOD[1:]],
        "columns",
        "missing columns: age; repeated columns: job",
    ),
    "column order": (
        [GOOD[0].replace('"age";"job"', '"job";"age"'), *GOOD[1:]],
        "columns",
        "another order",
    ),
    "another campaign's file": (
        b'"age";"job";"marital";"education";"default";"balance";"housing";"loan";"contact";"day";"month";"y"\n30;"a"\n',
        "columns",
        "missing columns: .*; unknown columns: 'balance', 'day'; they are columns of the campaign bank_full",
    ),
    "UTF-16": ("\n".join(GOOD).encode("utf-16"), "encoding", "it is UTF-16"),
    "UTF-16 without mark": ("\n".join(GOOD).encode("utf-16-le"), "encoding", "looks like UTF-16"),
    "byte order mark": ("\n".join(GOOD).encode("utf-8-sig"), "encoding", "byte order mark"),
    "latin-1": ("\n".join([*GOOD, GOOD[1].replace("married", "verheiratet ü")]).encode("latin-1"), "encoding", "not UTF-8"),
    "NUL bytes": ("\n".join(GOOD).encode() + b"\n\0\0\0\0", "nul_bytes", "NUL bytes"),
}


@pytest.mark.parametrize(("content", "rule", "words"), BAD.values(), ids=BAD.keys())
def test_a_bad_file_is_refused_with_the_reason(tmp_path: Path, content: list[str] | bytes, rule: str, words: str) -> None:
    with pytest.raises(ContractViolation, match=words) as caught:
        landed(tmp_path, content)
    assert caught.value.rule == rule
    assert caught.value.location == str(tmp_path / "contacts" / "dt=2010-06-30" / "contacts.csv")
    assert "Nothing of it was ingested" in str(caught.value)


def grow(path: Path, rows: list[str], pause: float) -> threading.Thread:
    """A writer that adds a row every `pause` seconds."""

    def write() -> None:
        for row in rows:
            time.sleep(pause)
            with path.open("ab") as stream:
                stream.write(f"{row}\r\n".encode())

    writer = threading.Thread(target=write)
    writer.start()
    return writer


def test_a_file_that_grows_is_read_when_it_stands_still(tmp_path: Path) -> None:
    path = write_contacts(tmp_path, DAY, GOOD[:7])
    writer = grow(path, GOOD[7:], pause=0.2)
    found = inspect(LandedFile(kind="contacts", date=DAY, path=path), CONTRACT, settle_seconds=0.5)
    writer.join()
    assert found.rows == 12


def test_a_file_that_never_stands_still_is_incomplete(tmp_path: Path) -> None:
    path = write_contacts(tmp_path, DAY, GOOD[:7])
    writer = grow(path, [GOOD[1]] * 20, pause=0.05)
    with pytest.raises(LandedFileIncomplete, match=r"contacts\.csv of 2010-06-30 is still being written"):
        inspect(LandedFile(kind="contacts", date=DAY, path=path), CONTRACT, settle_seconds=0.08)
    writer.join()


def test_an_old_file_is_not_waited_for(tmp_path: Path) -> None:
    path = write_contacts(tmp_path, DAY, GOOD)
    os.utime(path, (time.time() - 3600,) * 2)
    started = time.monotonic()
    inspect(LandedFile(kind="contacts", date=DAY, path=path), CONTRACT, settle_seconds=30)
    assert time.monotonic() - started < 5


class Trickle(io.BytesIO):
    """A stream that gives a few bytes at a time, so that blocks end anywhere: within line ends and letters too."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(3)


@given(st.lists(st.sampled_from(["a;1", "b", "é", " ", "\t", "\v", "", "x y "]), max_size=12), st.data())
def test_lines_are_counted_wherever_blocks_end(texts: list[str], data: st.DataObject) -> None:
    ends = [data.draw(st.sampled_from(["\n", "\r\n", "\r"])) for _ in texts]
    content = ("a\n" + "".join(map("".join, zip(texts, ends, strict=True)))).encode()
    content = content.rstrip(b"\r\n") if data.draw(st.booleans()) else content
    digest, rows = _scan(Trickle(content), LandedFile(kind="contacts", date=DAY, path=Path("contacts.csv")))
    wanted = [line for line in content.replace(b"\r", b"\n").split(b"\n") if line.strip()]
    assert (digest, rows) == (hashlib.sha256(content).hexdigest(), len(wanted) - 1)
