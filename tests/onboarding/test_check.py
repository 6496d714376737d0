"""`campaign check`: a client followed from the export's cells to a model's numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from bank_marketing.errors import ConfigError
from bank_marketing.onboarding.check import check_campaign
from bank_marketing.onboarding.create import create_campaign
from bank_marketing.onboarding.roles import Answers
from tests.support.cards_export import write_export


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("cards")
    write_export(folder / "cards.csv", rows=2500, days=70)
    created = create_campaign("cards", folder / "cards.csv", Answers(), lambda role, found: "", folder=folder / "campaigns")
    return created.folder, folder / "cards.csv"


def test_the_first_client_of_an_export_is_shown_up_to_its_numbers(cards: tuple[Path, Path]) -> None:
    folder, export = cards
    first = export.read_text(encoding="cp1252").splitlines()[1].split(";")
    checked = check_campaign(str(folder), export)
    cells = {name: (cell, use) for name, cell, use in checked.columns}
    assert cells["contact_id"] == (first[-1], "identifies the contact")
    assert cells["region"] == (first[2], "read as its categories")
    assert cells["gespraechsdauer_sek"][1] == "known only after the call: never a feature"
    assert checked.numbers["alter"] == float(first[0]) / 10
    assert "y" not in checked.numbers


def test_without_an_export_the_contract_s_defaults_are_shown() -> None:
    checked = check_campaign("bank_full")
    assert checked.numbers["age_decades"] == 3.9
    assert checked.numbers["contacted_before"] == 0


def test_a_category_that_the_contract_does_not_list_is_named(cards: tuple[Path, Path], tmp_path: Path) -> None:
    folder, export = cards
    header, first, *_ = export.read_text(encoding="cp1252").splitlines()
    cells = first.split(";")
    other = tmp_path / "other.csv"
    other.write_text("\r\n".join([header, ";".join([*cells[:2], "Mond", *cells[3:]])]) + "\r\n", encoding="cp1252")
    with pytest.raises(ConfigError, match=r"other\.csv: region is 'Mond', which contract\.yaml does not list"):
        check_campaign(str(folder), other)


def test_a_feature_of_a_column_that_is_not_there_is_refused_with_its_line(cards: tuple[Path, Path], tmp_path: Path) -> None:
    folder, _ = cards
    broken = tmp_path / "cards"
    broken.mkdir()
    for file in folder.iterdir():
        (broken / file.name).write_text(
            file.read_text(encoding="utf-8").replace("{column: alter,", "{column: altr,"), encoding="utf-8"
        )
    with pytest.raises(ConfigError, match=r"features\.yaml, line \d+: .*altr"):
        check_campaign(str(broken))
