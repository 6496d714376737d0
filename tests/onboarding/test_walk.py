"""docs/your-own-data.md, walked: from a bank's own export to a ranked list of its clients, with no line edited."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bank_marketing.settings import PROJECT_DIR, Settings
from tests.support.cards_export import HEADER, write_export

ROWS, DAYS = 6_000, 90


def run(home: Path, *arguments: str) -> str:
    """What a command prints, in a process of its own, as its user starts it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BANK_")}
    environment |= {
        "BANK_HOME": str(home),
        "BANK_LANDING_SETTLE_SECONDS": "0",
        "BANK_CAMPAIGN": str(home / "campaigns" / "cards"),
        "COLUMNS": "200",
    }
    done = subprocess.run(
        [sys.executable, "-m", "bank_marketing", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return " ".join(done.stdout.split())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A platform whose campaign `cards` was drafted, landed, trained and scored by the commands of the page."""
    home = tmp_path_factory.mktemp("cards")
    export = home / "export.csv"
    write_export(export, rows=ROWS, days=DAYS)
    message = run(home, "campaign", "new", "cards", "--from", str(export), "--folder", str(home / "campaigns"))
    assert "Gesprächsdauer_Sek is taken to be known only after the call" in message
    assert f"{ROWS:,} rows = {ROWS:,} new" in run(home, "land", "--from", str(export))
    run(home, "train")
    run(home, "call-list")
    return home


def manifests(home: Path, kind: str) -> list[dict[str, object]]:
    found = [json.loads(path.read_text(encoding="utf-8")) for path in (home / "artifacts" / "cards").rglob("manifest.json")]
    return [manifest for manifest in found if manifest["kind"] == kind]


def test_every_row_of_the_export_is_accounted_for(home: Path) -> None:
    rows = manifests(home, "snapshot")[0]["rows"]
    assert isinstance(rows, dict)
    assert rows["rows_read"] == rows["clean"] + rows["rejected"] + rows["duplicates"] == ROWS
    assert rows["rejected"] == 0


def test_the_list_ranks_the_clients_of_the_export_with_reasons_in_its_own_columns(home: Path) -> None:
    (path,) = (home / "artifacts" / "cards").rglob("call_list.csv")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    with (home / "export.csv").open(encoding="cp1252", newline="") as stream:
        clients = {row["Kundennr"] for row in csv.DictReader(stream, delimiter=";")}
    assert rows
    assert {row["contact_id"] for row in rows} <= clients
    chances = [float(row["probability"].replace(",", ".")) for row in rows]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] > chances[-1]


def test_nothing_of_the_default_campaign_is_touched(home: Path) -> None:
    assert {path.name for path in (home / "landing").iterdir()} == {"cards"}
    assert not (home / "artifacts" / "runs").exists()
    assert Settings(home=home, campaign="cards").model_name == "cards"


def test_the_page_names_the_commands_that_were_walked() -> None:
    page = (PROJECT_DIR / "docs" / "your-own-data.md").read_text(encoding="utf-8")
    commands = re.findall(r"^(?:\.venv/bin/|make )[^\n]+", page, re.MULTILINE)
    assert [line.split()[0:3] for line in commands[1:]] == [
        [".venv/bin/bank-marketing", "campaign", "new"],
        ["make", "run", "CAMPAIGN=cards"],
        ["make", "score", "CAMPAIGN=cards"],
    ]
    assert "Kundennr" in HEADER
