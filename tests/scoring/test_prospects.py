"""A landed list is read whole: each row is scored, rejected with its reason, or a duplicate."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.artifacts.local import path_of
from bank_marketing.errors import ContractViolation
from bank_marketing.pipelines.scoring import STEPS
from bank_marketing.scoring import call_list, prospects
from bank_marketing.settings import Settings
from tests.scoring.small_lists import COMING, context_of, copied_platform, land_list, people, settings_in, write_list
from tests.support.campaign import CONTRACT
from tests.support.landed import contact, lines
from tests.support.small_run import SmallRun


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, small_run: SmallRun) -> Settings:
    return settings_in(copied_platform(small_run, tmp_path_factory.mktemp("prospects")))


def checked(settings: Settings, run_id: str) -> tuple[prospects.ProspectsArtifact, pd.DataFrame]:
    """The artifact of the landed list, and its clean rows."""
    context = context_of(settings, run_id)
    made = prospects.run(prospects.ProspectsConfig(), prospects.ProspectsInputs(), context)
    return made, pq.read_table(path_of(made.ref.uri) / prospects.CLEAN, partitioning=None).to_pandas()


def rejected(made: prospects.ProspectsArtifact, settings: Settings, folder: Path) -> list[list[str]]:
    """The rows of `rejected.csv`."""
    call_list._write_rejected(folder / "rejected.csv", made, context_of(settings))
    with (folder / "rejected.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream, delimiter=";"))[1:]


def test_every_row_of_a_landed_list_comes_out_once(settings: Settings, tmp_path: Path) -> None:
    """A client who stands twice is scored as the last row says; a cut line and a bad cell are left out with their lines."""
    rows = [*people(COMING, 12), contact(70002, COMING), contact(70004, COMING, age=77), contact(70006, COMING, age=5)]
    content = lines(rows, prospects=True)
    content[8] = content[8][:30]  # T70007's line breaks off
    write_list(settings.landing, COMING, content)
    made, clean = checked(settings, "mixed")
    assert made.rows == {"rows_read": 15, "clean": 11, "rejected": 2, "duplicates": 2}
    assert made.list_size == 13
    assert sorted(clean["contact_id"]) == sorted(f"T{70000 + number}" for number in range(12) if number != 7)
    assert clean.set_index("contact_id").loc["T70004", "age"] == 77
    assert clean.columns.tolist() == ["contact_id", "contact_date", *(column.name for column in CONTRACT.prospect_columns[1:])]
    assert set(clean["contact_date"]) == {COMING}
    assert {rule: entry["examples"] for rule, entry in made.breaches.items()} == {"malformed_row": [8], "range(age)": [15]}
    left_out = rejected(made, settings, tmp_path)
    assert [row[:2] for row in left_out] == [["4", "duplicate"], ["6", "duplicate"], ["9", "rejected"], ["16", "rejected"]]
    assert left_out[1][4] == "T70004"


def test_a_list_without_a_bad_row_leaves_nothing_out(settings: Settings, tmp_path: Path) -> None:
    land_list(settings.landing, people(COMING, 9))
    made, clean = checked(settings, "good")
    assert made.rows == {"rows_read": 9, "clean": 9, "rejected": 0, "duplicates": 0}
    assert len(clean) == 9
    assert rejected(made, settings, tmp_path) == []
    listed = {entry.path.partition("/")[0] for entry in context_of(settings).store.verify(made.ref).files}
    assert listed == {prospects.CLEAN}


def test_a_list_of_bad_rows_stops_the_run_and_leaves_nothing(settings: Settings) -> None:
    land_list(settings.landing, [row | {"age": 5} for row in people(COMING, 6)])
    context = context_of(settings, "bad")
    refs: dict[str, ArtifactRef] = {}
    with pytest.raises(ContractViolation, match="6 of 6 rows break the contract") as caught:
        STEPS["validate_prospects"](refs, context, {})
    assert caught.value.rule == "range(age)"
    assert not context.store.has_manifest(context.component_uri("validate_prospects"))
