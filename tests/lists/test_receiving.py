"""A list that is kept in the inbox is read as the list that was brought, without what it held beside the contract's columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from bank_marketing.errors import ConfigError, ContractViolation
from bank_marketing.lists.receiving import receive
from tests.lists.written import CONTRACT, clients, left_out, read, scored, text


def received(root: Path, content: str | bytes, name: str = "my customers.csv") -> bytes:
    """The file in the inbox after a list was brought."""
    source = root / name
    source.write_bytes(content if isinstance(content, bytes) else content.encode())
    return (root / "landing" / "inbox" / receive(source, root / "landing", CONTRACT)).read_bytes()


def test_the_copy_gives_the_same_rows_lines_and_counts(tmp_path: Path) -> None:
    rows = [row | {"note": "a\nb"} for row in [*clients(6), clients(1)[0]]]
    rows[2]["age"], rows[4]["job"] = 7, "astronaut"
    content = text(rows) + '\r\n;;\r\nC7;44\r\nC8;40;"admin.\r\n' + ";" * 30 + "x\r\n"
    brought, kept = read(content), read(received(tmp_path, content))
    assert scored(kept) == scored(brought)
    assert kept.counts == brought.counts == {"rows_read": 10, "clean": 4, "rejected": 5, "duplicates": 1}
    assert [found[:2] for found in left_out(kept)] == [found[:2] for found in left_out(brought)]


def test_the_copy_holds_nothing_but_the_contracts_columns(tmp_path: Path) -> None:
    rows = [row | {"name": "Ana Silva", "phone": "+351 900", "duration": 1234567, "y": "no"} for row in clients(3)]
    kept = received(tmp_path, text(rows) + 'C9;44;Ana Silva\r\nC8;"Ana Silva\r\n')
    for hidden in (b"Ana", b"351", b"1234567"):
        assert hidden not in kept


def test_the_same_clients_have_the_same_name_and_any_name_is_a_plain_one(tmp_path: Path) -> None:
    content = text(clients(3))
    for name in ("_export.csv", "list[1].csv", "clientes-março.csv", ".csv"):
        received(tmp_path, content, name)
        received(tmp_path, content.encode("utf-16"), name)
    names = sorted(path.name.rpartition("-")[0] for path in (tmp_path / "landing" / "inbox").iterdir())
    assert names == ["clientes-mar-o", "export", "list", "list-1"]


def test_what_is_no_list_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ContractViolation):
        received(tmp_path, "a;b\n1;2\n")
    assert not list((tmp_path / "landing" / "inbox").iterdir())
    with pytest.raises(ConfigError, match="there is no file"):
        receive(tmp_path / "absent.csv", tmp_path, CONTRACT)
