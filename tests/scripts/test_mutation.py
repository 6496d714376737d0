"""The score of the tests: it may not fall, its table is what was measured, and a real run tells a test that bites from another."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bank_marketing.errors import ConfigError
from scripts.environment import PROJECT
from scripts.mutation import BEGIN, END, PAGE, Score, folders, keep, measure, prepare, recorded, table


@pytest.mark.parametrize(
    ("killed", "fell"), [(84, True), (85, False), (86, False), (87, False)], ids=["below", "the same per cent", "same", "above"]
)
def test_a_score_falls_with_its_whole_per_cents(killed: int, fell: bool) -> None:
    before = Score(mutants=1000, killed=859, seconds=1, tests=0.1)
    assert Score(mutants=100, killed=killed, seconds=9, tests=0.2).falls_below(before) is fell


def test_without_a_record_nothing_falls_and_without_faults_all_are_noticed() -> None:
    assert not Score(mutants=10, killed=0, seconds=1, tests=0.1).falls_below(None)
    assert Score(mutants=0, killed=0, seconds=1, tests=0.1).percent == 100


def test_every_folder_has_code_and_tests_that_are_there() -> None:
    for name, parts in folders().items():
        assert all(any((PROJECT / "include" / "bank_marketing").glob(pattern)) for pattern in parts["code"]), name
        assert all((PROJECT / path).exists() for path in parts["tests"] if path.startswith("tests")), name


def test_the_table_of_the_page_is_what_was_measured() -> None:
    written = PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0].strip()
    assert written == table(recorded())
    assert list(recorded()) == list(folders()), "every folder has a score: make mutation FOLDER=… RECORD=1"


def test_every_folder_holds_85_per_cent() -> None:
    assert {name: score for name, score in recorded().items() if score.percent < 85} == {}


def test_a_score_is_kept_beside_the_others_and_shown(tmp_path: Path) -> None:
    record, page = tmp_path / "mutation.json", tmp_path / "testing.md"
    record.write_text("{}")
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    first, second = "one", "two"
    keep("gone", Score(mutants=1, killed=1, seconds=1, tests=0.1), ["gone"], record, page)
    keep(second, Score(mutants=2000, killed=1901, seconds=77, tests=3), [first, second], record, page)
    keep(first, Score(mutants=3, killed=2, seconds=8, tests=0.44), [first, second], record, page)
    assert list(recorded(record)) == [first, second]
    assert (
        f"| {first} | 3 | 2 | 66.7 % | 8 | 0.4 | `make mutation FOLDER={first}` |\n| {second} | 2,000 | 1,901 | 95.0 %"
        in page.read_text()
    )
    assert page.read_text().startswith("before\n")
    assert page.read_text().endswith(f"{END}\nafter\n")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A package of one function, a test far from its border, one near it, and one that fails."""
    project = tmp_path / "project"
    for name, text in {
        "include/bank_marketing/__init__.py": "",
        "include/bank_marketing/border.py": "def adult(age):\n    return age >= 18\n",
        "tests/test_far.py": "from bank_marketing.border import adult\n\n\ndef test_far():\n    assert adult(99)\n",
        "tests/test_near.py": "from bank_marketing.border import adult\n\n\ndef test_near():\n    assert adult(18) and not adult(17)\n",
        "tests/test_wrong.py": "from bank_marketing.border import adult\n\n\ndef test_wrong():\n    assert adult(17)\n",
    }.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    subprocess.run(["git", "init", "--quiet", str(project)], check=True)
    return project


def test_tests_that_fail_without_a_fault_measure_nothing(project: Path, tmp_path: Path) -> None:
    prepare(tmp_path / "wrong", ["border.py"], ["tests/test_wrong.py"], project)
    with pytest.raises(ConfigError, match=r"a test fails without any fault: try the folder's tests in .*wrong/mutants"):
        measure(tmp_path / "wrong")


def test_a_test_that_looks_at_the_border_kills_more_than_one_that_does_not(project: Path, tmp_path: Path) -> None:
    scores = {}
    for name in ("far", "near"):
        workspace = tmp_path / name
        prepare(workspace, ["border.py"], [f"tests/test_{name}.py"], project)
        scores[name] = measure(workspace)
    assert (scores["far"].mutants, scores["far"].killed) == (2, 0)  # > 18, >= 19
    assert (scores["near"].mutants, scores["near"].killed) == (2, 2)
    assert "border" in (tmp_path / "far" / "survivors.txt").read_text()
