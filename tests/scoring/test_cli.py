"""`bank-marketing score` and `bank-marketing call-list`: the nightly run's answers, for a file and without Airflow."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bank_marketing.cli import app
from tests.scoring.small_lists import (
    BAD,
    COMING,
    copied_platform,
    land_list,
    land_list_of_the_past,
    people,
    published,
    score,
    settings_in,
    with_bad_row,
)
from tests.support.landed import lines
from tests.support.small_run import DAYS, LAST, SmallRun

#: What a person compares: all but who made it when.
ANSWER = ("rank", "contact_id", "probability", "decision", "expected_profit", "decile", "reason_1", "reason_2", "reason_3")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, small_run: SmallRun) -> Path:
    """A platform with a model in production, and the list of the coming Monday, not scored yet."""
    folder = copied_platform(small_run, tmp_path_factory.mktemp("scoring_cli"))
    land_list(settings_in(folder).landing, with_bad_row(COMING))
    return folder


@pytest.fixture(autouse=True)
def platform(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("HOME", str(home)),
        ("LANDING_SETTLE_SECONDS", "0"),
    ):
        monkeypatch.setenv(f"BANK_{name}", value)
    for name in ("LANDING_ROOT", "ARTIFACT_ROOT", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(f"BANK_{name}", raising=False)


def bank_marketing(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "160"})


def answers(path: Path) -> list[tuple[str, ...]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return [tuple(row[name] for name in ANSWER) for row in csv.DictReader(stream, delimiter=";")]


@pytest.fixture(scope="module")
def customers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same clients as a spreadsheet would save them: commas, no quotes, the columns from right to left."""
    path = tmp_path_factory.mktemp("customers") / "customers.csv"
    rows = (line.replace('"', "").split(";")[::-1] for line in lines(with_bad_row(COMING), prospects=True))
    path.write_text("\n".join(",".join(row) for row in rows), encoding="utf-8")
    return path


def test_a_file_gets_the_answers_of_the_nightly_run_to_the_last_digit(home: Path, customers: Path, tmp_path: Path) -> None:
    output = tmp_path / "out" / "scored.csv"
    done = bank_marketing("score", customers, "--output", output)
    assert done.exit_code == 0, done.output
    night = score(settings_in(home), "cli-night").refs["publish_call_list"].uri.removeprefix("file://")
    assert answers(output) == answers(Path(night) / "scores.csv")
    assert len(answers(output)) == 39
    rejected = (tmp_path / "out" / "scored.rejected.csv").read_text(encoding="utf-8")
    assert BAD in rejected
    assert "job '=HYPERLINK(1)' is not known; allowed: admin." in rejected
    assert "1 rows are not scored" in done.output
    assert "Read as UTF-8, cells separated by comma." in done.output
    assert "Rows: 39 scored, 1 that cannot be, 0 of clients named again. Scored as a list of 40 clients." in done.output


def test_a_list_of_another_weekday_is_scored_for_the_day_that_was_chosen(customers: Path, tmp_path: Path) -> None:
    done = bank_marketing("score", customers, "--output", tmp_path / "scored.csv", "--day", COMING + timedelta(days=1))
    assert done.exit_code == 0, done.output
    assert "day_of_week of 40 rows is not that of the day of the calls, tue: it was ignored." in done.output


def test_two_lists_whose_names_match_each_other_are_scored_each_as_itself(home: Path) -> None:
    for name, first in (("list[1].csv", 100), ("list1.csv", 200), ("_export.csv", 300)):
        rows = [row | {"contact_id": f"L{first + number}"} for number, row in enumerate(people(COMING, 4))]
        land_list(settings_in(home).landing, rows, COMING, name)
        assert bank_marketing("call-list", "--as-of", str(LAST), "--file", name).exit_code == 0
        lists = (home / "artifacts" / "call_lists" / "uploads" / f"contact_date={COMING}").iterdir()
        found = [sorted(row[1] for row in answers(folder / "scores.csv")) for folder in lists]
        assert [f"L{first + number}" for number in range(4)] in found


def test_a_clean_file_leaves_no_rejects_behind(customers: Path, tmp_path: Path) -> None:
    good = tmp_path / "good.csv"
    good.write_text("\n".join(lines(people(COMING, 12), prospects=True)), encoding="utf-8")
    stale = tmp_path / "scored.rejected.csv"
    stale.write_text("of another file")
    done = bank_marketing("score", good, "--output", tmp_path / "scored.csv", "--as-of", str(LAST))
    assert done.exit_code == 0, done.output
    assert len(answers(tmp_path / "scored.csv")) == 12
    assert not stale.exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["absent.csv"], "ConfigError: there is no file absent.csv"),
        (["{customers}", "--day", str(LAST)], f"the calls of {LAST} cannot be scored on the evening of {LAST}"),
        (["{customers}", "--as-of", "2009-13-01"], "InvalidAsOf"),
    ],
    ids=["no file", "day not after the evening", "no date"],
)
def test_a_mistake_ends_in_one_paragraph_and_writes_nothing(
    customers: Path, tmp_path: Path, arguments: list[str], says: str
) -> None:
    given = [argument.format(customers=customers) for argument in arguments]
    done = bank_marketing("score", *given, "--output", tmp_path / "scored.csv")
    assert done.exit_code == 1
    assert says in " ".join(done.output.split())
    assert "Traceback" not in done.output
    assert not list(tmp_path.iterdir())


def test_the_call_list_ends_with_its_place_and_its_first_rows(home: Path) -> None:
    done = bank_marketing("call-list")
    assert done.exit_code == 0, done.output
    first = answers(home / "artifacts" / "call_lists" / f"contact_date={COMING}" / "scores.csv")[:5]
    for row in first:
        assert row[1] in done.output
    assert f"contact_date={COMING}/call_list.csv" in done.output


def test_the_evening_may_be_one_of_the_past(home: Path) -> None:
    land_list_of_the_past(settings_in(home).landing, DAYS[41])
    done = bank_marketing("call-list", "--as-of", str(DAYS[40]))
    assert done.exit_code == 0, done.output
    assert f"prospects of {DAYS[41]} to be called" in done.output
    assert "it is no forecast" in " ".join(done.output.split())
    assert f"contact_date={DAYS[41]}/call_list.csv" in published(settings_in(home))
