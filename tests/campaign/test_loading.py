"""A campaign is loaded as a whole, by name or by folder, and refused with the file that is wrong."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from bank_marketing.campaign import CAMPAIGNS, load_campaign, open_campaign
from bank_marketing.components.context import RunContext
from bank_marketing.errors import ConfigError
from bank_marketing.settings import Settings
from tests.support.campaign import CAMPAIGN


def copied(folder: Path) -> Path:
    """A copy of the first campaign, to change."""
    shutil.copytree(CAMPAIGNS / "bank_marketing", folder / "cards")
    return folder / "cards"


def test_a_campaign_is_named_by_its_folder_wherever_that_is(tmp_path: Path) -> None:
    moved = load_campaign(copied(tmp_path))
    assert (moved.name, moved.folder) == ("cards", tmp_path / "cards")
    assert moved.contract == CAMPAIGN.contract
    assert moved.results_file == tmp_path / "cards" / "results.json"


def test_the_settings_name_the_campaign_of_a_run_and_its_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANK_CAMPAIGN", str(copied(tmp_path)))
    context = RunContext("dag", "run", date(2010, 6, 30), Settings(home=tmp_path))
    assert context.campaign.name == "cards"
    assert context.contract is context.campaign.contract
    monkeypatch.setenv("BANK_RESULTS_FILE", str(tmp_path / "mine.json"))
    assert open_campaign(Settings()).results_file == tmp_path / "mine.json"


def test_an_unknown_campaign_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match=r"no campaign 'cards'.* There are: .*bank_marketing"):
        load_campaign("cards")


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("params.yaml", "title: Cards\nprises: {}\n", r"cards/params\.yaml, line 2: prises: "),
        ("params.yaml", "title: [", r"cards/params\.yaml is no YAML: .*line 2"),
        ("contract.yaml", "name: cards\n", r"cards/contract\.yaml: version: Field required \(and 7 more\)"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, file: str, content: str, told: str) -> None:
    (copied(tmp_path) / file).write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=f"(?s){told}"):
        load_campaign(tmp_path / "cards")
