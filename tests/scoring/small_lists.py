"""A platform with a model in production and call lists to score, made by the platform itself."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from bank_marketing.components.context import RunContext
from bank_marketing.pipelines import PipelineRun, run_steps
from bank_marketing.pipelines.scoring import STEPS
from bank_marketing.settings import Settings
from tests.support.campaign import CONTRACT
from tests.support.landed import Row, contact, lines
from tests.support.small_run import LAST, SmallRun, small_settings

#: The contact day after the last landed one: a Monday.
COMING = LAST + timedelta(days=3)

#: Contacts of the coming list, of which one breaks the contract.
BAD = "T70003"


def copied_platform(run: SmallRun, folder: Path) -> Path:
    """A platform of the test's own in `folder`, in which that training run has happened (its model's files stay where they are)."""
    shutil.copytree(run.context.settings.home, folder, dirs_exist_ok=True)
    return folder


def people(day: date, count: int = 40) -> list[Row]:
    """Prospects of a day; a quarter each of retired clients and students, who mostly subscribe."""
    return [contact(70000 + number, day) for number in range(count)]


def with_bad_row(day: date) -> list[Row]:
    """The same, with one row that names an unknown job."""
    return [row | {"job": "=HYPERLINK(1)"} if row["contact_id"] == BAD else row for row in people(day)]


def write_list(root: Path, day: date, content: Sequence[str], name: str = "") -> Path:
    """Land the call list of a day, or put a list of that name into the inbox."""
    path = root / "inbox" / name if name else root / "prospects" / f"dt={day}" / "prospects.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(("\r\n".join(content) + "\r\n").encode())
    return path


def land_list(root: Path, rows: Sequence[Row], day: date = COMING, name: str = "") -> Path:
    """Land rows as the call list of a day."""
    return write_list(root, day, lines(rows, prospects=True), name)


def land_list_of_the_past(root: Path, day: date) -> None:
    """Land the call list of a day whose contacts have landed: the same clients, without what is known after the call."""
    contract = CONTRACT
    with (root / "contacts" / f"dt={day}" / "contacts.csv").open(encoding="utf-8", newline="") as stream:
        landed = list(csv.DictReader(stream, delimiter=contract.delimiter))
    rows: list[Row] = [{column.name: row[column.source_name] for column in contract.prospect_columns} for row in landed]
    land_list(root, rows, day)


def published(settings: Settings) -> dict[str, bytes]:
    """All that callers can see, by its place below `call_lists`."""
    folder = settings.home / "artifacts" / "call_lists"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def score(settings: Settings, run_id: str = "night", as_of: date = LAST, **options: object) -> PipelineRun:
    """Run the scoring pipeline."""
    return run_steps(STEPS, context_of(settings, run_id, as_of), options)


def context_of(settings: Settings, run_id: str = "night", as_of: date = LAST) -> RunContext:
    """Context of a scoring run."""
    return RunContext("test_scoring", run_id, as_of, settings)


def settings_in(home: Path) -> Settings:
    """Settings of the platform in `home`."""
    return small_settings(home)
