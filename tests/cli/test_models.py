"""Lists of models and decisions: readable in eighty columns, and whole in a pipe."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from bank_marketing.cli.models import show_records, show_versions
from bank_marketing.registry.records import Record
from bank_marketing.registry.registry import ModelVersion

MOMENT = datetime(2026, 11, 27, 22, 55, 3, tzinfo=UTC)

VERSION = ModelVersion(
    version=12, run_id="r", source="s", stage="production", created_at=MOMENT,
    tags={"as_of": "2010-11-26", "trained_through": "2010-09-09", "threshold": "0.203125", "model_digest": "0123456789abcdef"},
)  # fmt: skip

REASONS = (
    "Not approved by anna.",
    "F1 0.686 beats 0.648 of version 3 in production (+0.038, the lower 95 % bound +0.011 is above 0).",
)
RECORD = Record(
    action="rejected",
    at=MOMENT,
    who="anna, airflow:bank_marketing_training",
    reasons=REASONS,
    version=12,
    from_version=3,
    to_version=3,
)


def screen(*, terminal: bool) -> Console:
    return Console(file=io.StringIO(), width=80, force_terminal=terminal, no_color=True, legacy_windows=False)


def lines(out: Console) -> list[str]:
    assert isinstance(out.file, io.StringIO)
    return [line.rstrip() for line in out.file.getvalue().replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()]


def test_versions_in_eighty_columns_are_whole() -> None:
    out = screen(terminal=True)
    show_versions([VERSION], out)
    head, row = lines(out)
    assert max(len(head), len(row)) <= 80
    assert row.split() == ["12", "production", "2010-11-26", "2010-09-09", "0.203125", "2026-11-27", "0123456789ab"]


def test_versions_in_a_pipe_are_one_line_each() -> None:
    out = screen(terminal=False)
    show_versions([VERSION, VERSION], out)
    head, *rows = lines(out)
    assert head.split("\t")[0] == "version"
    assert [row.split("\t") for row in rows] == [
        ["12", "production", "2010-11-26", "2010-09-09", "0.203125", "2026-11-27", "0123456789ab"]
    ] * 2


def test_a_decision_in_eighty_columns_has_its_reason_below() -> None:
    out = screen(terminal=True)
    show_records([RECORD], out)
    first, *reason = lines(out)
    assert max(map(len, (first, *reason))) <= 80
    words = " ".join(" ".join((first, *reason)).split())
    assert words == (
        "2026-11-27 22:55 version 12 rejected, production stays 3, by anna, airflow:bank_marketing_training "
        + " ".join(REASONS)
    )


@pytest.mark.parametrize(("before", "after"), [(3, 3), (None, 12)])
def test_a_decision_in_a_pipe_is_one_line_with_whole_values(before: int | None, after: int) -> None:
    out = screen(terminal=False)
    show_records([RECORD.model_copy(update={"from_version": before, "to_version": after})], out)
    _, row = lines(out)
    assert row.split("\t") == [
        "2026-11-27T22:55:03Z", "12", "rejected", str(before or ""), str(after), "anna, airflow:bank_marketing_training",
        " ".join(REASONS),
    ]  # fmt: skip


def test_a_moved_production_is_told() -> None:
    out = screen(terminal=True)
    show_records([RECORD.model_copy(update={"action": "rolled_back", "to_version": 2})], out)
    assert "version 12 rolled back, production 3 → 2, by anna" in " ".join(lines(out))
