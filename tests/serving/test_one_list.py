"""One list through all doors: the API's file, the command, the inbox. One accounting, one form, one answer to the last bit."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from bank_marketing.cli import app
from bank_marketing.lists.results import COLUMNS
from tests.lists.written import ASKED, text
from tests.scoring.small_lists import COMING, people
from tests.serving.test_files import finished
from tests.support.served import Platform, Running
from tests.support.small_run import LAST

#: Who made a result when: all else must be the same.
MADE = ("run_id", "prediction_id")

Table = list[dict[str, str]]


def mixed() -> str:
    """Forty clients, sixteen of whom cannot be scored, one of the others twice; with a column of its own."""
    rows = [{name: row[name] for name in ASKED} | {"phone": f"+351 {number}"} for number, row in enumerate(people(COMING))]
    for number in range(0, 40, 5):
        rows[number] |= {"job": "admin"}
        rows[number + 1] |= {"age": "3_3"}
    rows[7] |= {"age": "31.0", "marital": "MARRIED"}
    return text([*rows, rows[7]])


def table(content: str) -> Table:
    return list(csv.DictReader(io.StringIO(content, newline=""), delimiter=";"))


def without(rows: Table, *names: str) -> Table:
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


@pytest.fixture(scope="module")
def by_api(served_lived: Running, lived: Platform) -> Iterator[tuple[dict[str, Any], Table, Table]]:
    with httpx.Client(base_url=served_lived.url, headers={"X-API-Key": lived.key()}, timeout=60) as client:
        sent = client.post("/api/v1/files", files={"file": ("mixed[1].csv", mixed())}, data={"day": COMING.isoformat()})
        status = finished(client, sent)
        parts = [client.get(f"/api/v1/files/{status['file_id']}/{part}").text for part in ("result", "rejected")]
        yield status, table(parts[0]), table(parts[1])


@pytest.fixture
def command(lived: Platform, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("BANK_HOME", str(lived.home))
    monkeypatch.setenv("BANK_LANDING_SETTLE_SECONDS", "0")

    def run(*arguments: object) -> str:
        done = CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200"})
        assert done.exit_code == 0, done.output
        return done.output

    return run


def test_the_service_counts_all_clients_of_the_list(by_api: tuple[dict[str, Any], Table, Table]) -> None:
    status, result, rejected = by_api
    counted = {name: status[name] for name in ("rows", "accepted", "rejected", "duplicates", "list_size")}
    assert counted == {"rows": 41, "accepted": 24, "rejected": 16, "duplicates": 1, "list_size": 40}
    assert status["list_size_from"] == "clients on this list"
    assert (len(result), len(rejected)) == (24, 17)
    assert {row["list_size"] for row in (*result, *rejected)} == {"40"}


def test_the_command_gives_the_same_files(by_api: tuple[dict[str, Any], Table, Table], command: Any, tmp_path: Path) -> None:
    source = tmp_path / "mixed[1].csv"
    source.write_text(mixed(), encoding="utf-8", newline="")
    said = command("score", source, "--as-of", LAST, "--day", COMING, "--output", tmp_path / "scored.csv")
    _, result, rejected = by_api
    assert without(table((tmp_path / "scored.csv").read_text()), *MADE) == without(result, *MADE)
    assert table((tmp_path / "scored.rejected.csv").read_text()) == rejected
    assert "Rows: 24 scored, 16 that cannot be, 1 of clients named again. Scored as a list of 40 clients." in said


def test_the_inbox_gives_the_same_answers_and_keeps_no_column_of_the_lists_own(
    by_api: tuple[dict[str, Any], Table, Table], command: Any, lived: Platform
) -> None:
    inbox = lived.settings.landing / "inbox"
    inbox.mkdir(exist_ok=True)
    (inbox / "_mixed[1].csv").write_text(mixed(), encoding="utf-8", newline="")
    command("call-list", "--as-of", LAST, "--file", "_mixed[1].csv")
    folders = (lived.home / "artifacts" / "call_lists" / "uploads" / f"contact_date={COMING}").iterdir()
    newest = max(folders, key=lambda folder: folder.stat().st_mtime)
    _, result, rejected = by_api
    ours = [{name: row[name] for name in COLUMNS if name not in MADE} for row in result]
    assert without(table((newest / "scores.csv").read_text()), *MADE) == ours
    kept = table((newest / "rejected.csv").read_text())
    assert [(row["line"], row["status"], row["problems"]) for row in kept] == [
        (row["line"], row["status"], row["problems"]) for row in rejected
    ]
    assert not any(b"351" in path.read_bytes() for path in newest.rglob("*") if path.is_file())


def test_a_part_of_a_list_sent_again_has_the_answers_of_the_whole(
    by_api: tuple[dict[str, Any], Table, Table], served_lived: Running, lived: Platform
) -> None:
    _, result, _ = by_api
    some = result[3:9]
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(some[0]), delimiter=";")
    writer.writeheader()
    writer.writerows(some)
    with httpx.Client(base_url=served_lived.url, headers={"X-API-Key": lived.key()}, timeout=60) as client:
        status = finished(client, client.post("/api/v1/files", files={"file": ("some.csv", out.getvalue())}))
        again = table(client.get(f"/api/v1/files/{status['file_id']}/result").text)
        alone = finished(
            client, client.post("/api/v1/files", files={"file": ("some.csv", out.getvalue())}, data={"list_size": "9"})
        )
    assert (status["list_size"], alone["list_size"]) == (40, 9)
    assert [(row["contact_id"], row["probability"]) for row in again] == [
        (row["contact_id"], row["probability"]) for row in some
    ]
