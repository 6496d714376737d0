"""`bank-marketing replay` and `measure-monitoring` as people use them: from landed files to a page, a picture and figures."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from typer.testing import CliRunner

from bank_marketing.cli import app
from bank_marketing.replay.figures import POLICIES
from tests.scoring.small_lists import copied_platform
from tests.support.small_run import DAYS, LAST, SmallRun

#: The last two weeks of the small campaign.
STRETCH = DAYS[-10:]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, small_run: SmallRun) -> Path:
    return copied_platform(small_run, tmp_path_factory.mktemp("replay"))


def run(home: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and output of the command line on a platform."""
    environment = {
        "BANK_HOME": str(home), "BANK_LANDING_SETTLE_SECONDS": "0",
        "BANK_LANDING_ROOT": "", "BANK_ARTIFACT_ROOT": "", "COLUMNS": "200",
    }  # fmt: skip
    done = CliRunner().invoke(app, list(arguments), env={name: value or None for name, value in environment.items()})
    return done.exit_code, done.output


@pytest.fixture(scope="module")
def made(home: Path) -> Path:
    """Folder with what a replay of the two weeks left behind."""
    code, output = run(home, "replay", "--from", str(STRETCH[0]), "--every", "week", "--output", str(home / "made"))
    assert code == 0, output
    assert all(policy.short in output for policy in POLICIES)
    return home / "made"


def test_the_page_shows_every_policy_with_the_figures_of_the_table(made: Path) -> None:
    page = BeautifulSoup((made / "replay.html").read_text(encoding="utf-8"), "html.parser")
    table = pd.read_csv(made / "figures.csv")
    pooled = table[table["kind"] == "pooled"].set_index("policy")
    rows = {
        row.th.get_text(): [cell.get_text() for cell in row.select("td")] for row in page.select("table")[0].select("tbody tr")
    }
    assert list(rows) == [policy.title for policy in POLICIES]
    for policy in POLICIES:
        assert rows[policy.title][0] == f"{pooled.loc[policy.key, 'f1']:.3f}"
        assert rows[policy.title][-1] == f"{pooled.loc[policy.key, 'profit']:,.0f}"
    assert not page.find_all("script")
    assert page.select_one(".synthetic") is None


def test_the_money_on_the_page_is_that_of_the_decisions(made: Path) -> None:
    told = json.loads((made / "figures.json").read_text(encoding="utf-8"))
    platform = told["money"]["total"]["The platform"]
    [row] = [row for row in told["figures"] if row["kind"] == "pooled" and row["policy"] == "platform"]
    assert platform["contacts"] == 60 * len(STRETCH) - 2 + 2
    assert (platform["called"], platform["conversions"]) == (row["called"], row["conversions"])
    assert platform["profit"] == pytest.approx(40 * row["conversions"] - 8 * row["called"])
    assert platform["cost_per_acquisition"] == pytest.approx(8 * row["called"] / row["conversions"])
    assert sum(month["profit"] for month in told["money"]["months"].values()) == pytest.approx(platform["profit"])


def test_the_picture_is_a_png_of_a_size_that_a_page_can_carry(made: Path) -> None:
    content = (made / "replay.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert 20_000 < len(content) < 400_000


def test_asked_again_it_answers_from_its_checkpoints_with_the_same_figures(home: Path, made: Path) -> None:
    weeks = list((home / ".cache" / "replay").glob("*/20*/period.json"))
    assert len(weeks) == 2
    written = {path: path.stat().st_mtime_ns for path in weeks}
    code, output = run(home, "replay", "--from", str(STRETCH[0]), "--every", "week", "--output", str(home / "again"))
    assert code == 0, output
    assert {path: path.stat().st_mtime_ns for path in weeks} == written
    for name in ("figures.csv", "figures.json", "decisions.csv"):
        assert (home / "again" / name).read_bytes() == (made / name).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--every", "fortnight"), "--every fortnight is not known: choose month, week or day"),
        (("--from", str(LAST), "--to", str(STRETCH[0])), f"--from {LAST} lies after --to {STRETCH[0]}"),
        (("--from", "yesterday"), "is not a date: write it as YYYY-MM-DD"),
        (("--to", "2999-01-01"), "is in the future"),
        (("--to", str(DAYS[4])), "training needs 1000. Choose a later as_of"),
    ],
)
def test_a_wrong_question_is_answered_in_one_sentence(home: Path, arguments: tuple[str, ...], told: str) -> None:
    code, output = run(home, "replay", *arguments)
    assert code == 1
    assert told in output
    assert "Traceback" not in output


def test_the_monitoring_is_measured_on_what_has_landed(home: Path) -> None:
    code, output = run(home, "measure-monitoring", "--permutations", "1", "--output", str(home / "measured"))
    assert code == 0, output
    evenings = pd.read_csv(home / "measured" / "evenings.csv")
    assert set(evenings["period"]) == {"April and May 2009"}
    assert set(evenings["moved"]) == {"days", "contacts"}
    assert "False alarms" in output
    [change] = pd.read_csv(home / "measured" / "delays.csv").to_dict("records")
    assert change["since"] == "2009-03-02"


def test_without_a_stable_period_there_is_nothing_to_measure(home: Path) -> None:
    code, output = run(home, "measure-monitoring", "--as-of", "2009-03-27")
    assert code == 1
    assert "none of the stable periods of the campaign has landed" in output


def test_a_campaign_that_names_no_periods_is_told_what_to_write(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANK_CAMPAIGN", "bank_full")
    code, output = run(home, "measure-monitoring")
    assert code == 1
    assert (
        "the campaign bank_full names no stable periods and no changes of its past: write them into its params.yaml" in output
    )
    assert "Traceback" not in output
