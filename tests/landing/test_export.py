"""Landing an export: each row on its day, again and again without doubles, and nothing lost in silence."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from bank_marketing.campaign import load_campaign
from bank_marketing.contract import Contract
from bank_marketing.errors import ConfigError
from bank_marketing.landing.export import ExportFormat, ExportSummary, land_export, load_export_format
from bank_marketing.onboarding.create import create_campaign
from bank_marketing.onboarding.roles import Answers

HEADER = "Alter;Saldo;Kanal;Datum;Dauer;Erfolg;Nr"
ROWS = [
    *(
        f'{30 + n};1.{n:03d},5;"Büro; {n % 3}";{n % 20 + 1:02d}.03.2024;{n};{"J" if n % 4 == 0 else "N"};{100 + n}'
        for n in range(39)
    ),
    ";;;20.03.2024;7;N;200",
]
TODAY = date(2024, 3, 31)


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> tuple[ExportFormat, Contract]:
    folder = tmp_path_factory.mktemp("described")
    path = export(folder, *ROWS)
    answers = Answers(outcome="Erfolg=J", date="Datum", identifiers=("Nr",), after_call=("Dauer",))
    made = create_campaign("small", path, answers, lambda role, found: found[0].column, folder=folder / "campaigns")
    campaign = load_campaign(made.folder)
    return load_export_format(campaign.folder), campaign.contract


def export(folder: Path, *rows: str, name: str = "export.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="cp1252")
    return path


def landed(root: Path, kind: str = "contacts") -> dict[str, dict[str, str]]:
    found = {}
    for path in sorted(root.glob(f"{kind}/dt=*/{kind}.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            found |= {row["contact_id"]: row | {"day": path.parent.name[3:]} for row in csv.DictReader(stream, delimiter=";")}
    return found


def land(path: Path, root: Path, described: tuple[ExportFormat, Contract]) -> ExportSummary:
    return land_export(path, *described, root, today=TODAY)


def test_each_row_lands_on_its_day_in_the_contract_s_own_form(tmp_path: Path, described: tuple[ExportFormat, Contract]) -> None:
    summary = land(export(tmp_path, *ROWS), tmp_path / "zone", described)
    assert (summary.read, summary.new, summary.rows_aside, len(summary.days)) == (40, 40, 0, 20)
    rows = landed(tmp_path / "zone")
    assert rows["104"] == {
        "contact_id": "104", "alter": "34", "saldo": "1004.5", "kanal": "Büro; 1", "dauer": "4", "y": "yes", "day": "2024-03-05",
    }  # fmt: skip
    assert (rows["200"]["alter"], rows["200"]["kanal"], rows["200"]["y"]) == ("-1", "unknown", "no")
    assert "dauer" not in landed(tmp_path / "zone", "prospects")["104"]


def test_the_same_export_again_changes_no_byte(tmp_path: Path, described: tuple[ExportFormat, Contract]) -> None:
    path, root = export(tmp_path, *ROWS), tmp_path / "zone"
    land(path, root, described)
    before = {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in root.rglob("*.csv")}
    again = land(path, root, described)
    assert (again.new, again.changed, again.known) == (0, 0, 40)
    assert {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in root.rglob("*.csv")} == before


def test_a_later_export_that_overlaps_adds_what_is_new_and_corrects_what_changed(
    tmp_path: Path, described: tuple[ExportFormat, Contract]
) -> None:
    root = tmp_path / "zone"
    land(export(tmp_path, *ROWS[:25]), root, described)
    corrected = ROWS[21].replace(";N;", ";J;")
    assert corrected != ROWS[21]
    summary = land(export(tmp_path, ROWS[20], corrected, *ROWS[22:], name="later.csv"), root, described)
    assert (summary.read, summary.new, summary.changed, summary.known) == (20, 15, 1, 4)
    rows = landed(root)
    assert (len(rows), rows["121"]["y"], rows["101"]["y"]) == (40, "yes", "no")


def test_rows_in_any_order_land_the_same_rows(tmp_path: Path, described: tuple[ExportFormat, Contract]) -> None:
    land(export(tmp_path, *ROWS), tmp_path / "one", described)
    land(export(tmp_path, *reversed(ROWS)), tmp_path / "two", described)
    assert landed(tmp_path / "one") == landed(tmp_path / "two")


def test_an_identifier_twice_on_a_day_lands_once_and_is_counted(
    tmp_path: Path, described: tuple[ExportFormat, Contract]
) -> None:
    summary = land(export(tmp_path, *ROWS, ROWS[0].replace(";J;", ";N;")), tmp_path / "zone", described)
    assert (summary.read, summary.new, summary.twice) == (41, 40, 1)
    assert landed(tmp_path / "zone")["100"]["y"] == "no"


def test_rows_without_day_outcome_or_identifier_are_kept_aside_with_the_reason(
    tmp_path: Path, described: tuple[ExportFormat, Contract]
) -> None:
    many = [f"30;1,5;A;01.03.2024;7;N;{1000 + n}" for n in range(100)]
    broken = ["31;1,5;A;2024-03-01;7;N;1", "31;1,5;A;01.03.2024;7;;2", "31;1,5;A;01.03.2024;7;N;", "31;1,5;A;01.04.2024;7;N;4"]
    summary = land(export(tmp_path, *many, *broken), tmp_path / "zone", described)
    assert summary.read == summary.new + summary.rows_aside == 104
    with (tmp_path / "zone" / "aside" / "export.csv").open(encoding="utf-8", newline="") as stream:
        reasons = {row["Nr"]: row["reason"] for row in csv.DictReader(stream, delimiter=";")}
    assert set(reasons) == {"1", "2", "", "4"}
    assert reasons["1"] == "no day in Datum that is written as %d.%m.%Y"
    assert reasons["4"] == "its day in Datum is in the future"


def test_an_export_of_another_form_lands_nothing(tmp_path: Path, described: tuple[ExportFormat, Contract]) -> None:
    other = [row.replace(".03.2024", "/03/2024") for row in ROWS]
    with pytest.raises(ConfigError, match=r"40 of 40 rows cannot be landed \(40 rows: no day in Datum"):
        land(export(tmp_path, *other), tmp_path / "zone", described)
    assert list((tmp_path / "zone").iterdir()) == []


def test_a_column_that_is_gone_is_named(tmp_path: Path, described: tuple[ExportFormat, Contract]) -> None:
    path = tmp_path / "export.csv"
    path.write_text("Alter;Datum;Dauer;Erfolg;Nr\n1;01.03.2024;2;J;5\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"export\.csv has no column Kanal, Saldo"):
        land(path, tmp_path / "zone", described)


def test_a_cell_that_is_no_number_stays_as_it_is_for_the_contract_to_judge(
    tmp_path: Path, described: tuple[ExportFormat, Contract]
) -> None:
    land(export(tmp_path, "dreißig;1,5;A;01.03.2024;7;N;1"), tmp_path / "zone", described)
    assert landed(tmp_path / "zone")["1"]["alter"] == "dreißig"
