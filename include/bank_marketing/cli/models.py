"""Commands about registered models: list them, their history, roll back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bank_marketing.cli.shared import command, console, open_registry, user_name

if TYPE_CHECKING:
    from bank_marketing.registry.records import Record
    from bank_marketing.registry.registry import ModelVersion


@command
def models() -> None:
    """List the registered model versions and their stages."""
    show_versions(open_registry().versions(), console)


@command
def history() -> None:
    """Show who promoted, rejected or rolled back which model, when and why."""
    from bank_marketing.artifacts import open_store
    from bank_marketing.registry import records
    from bank_marketing.settings import Settings

    show_records(records.history(open_store(Settings())), console)


def show_versions(versions: Sequence[ModelVersion], out: Console) -> None:
    """Versions as a table that eighty columns hold; into a pipe, one line each, separated by tabs."""
    head = ("version", "stage", "as of", "learned to", "threshold", "registered", "model digest")
    rows = [
        (
            str(version.version),
            version.stage,
            version.tags.get("as_of", ""),
            version.tags.get("trained_through", ""),
            version.tags.get("threshold", ""),
            f"{version.created_at:%Y-%m-%d}",
            version.digest[:12],
        )
        for version in versions
    ]
    if not out.is_terminal:
        _tabs([head, *rows], out)
        return
    table = Table(*head, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*row)
    out.print(table)


def show_records(history: Sequence[Record], out: Console) -> None:
    """Decisions in the order of their time, the reason below each; into a pipe, one line each, separated by tabs."""
    if not out.is_terminal:
        head = ("when", "version", "what", "production before", "production after", "who", "why")
        _tabs(
            [
                head,
                *(
                    (
                        f"{record.at:%Y-%m-%dT%H:%M:%SZ}", str(record.version), record.action, str(record.from_version or ""),
                        str(record.to_version or ""), record.who, " ".join(record.reasons),
                    )
                    for record in history
                ),
            ],
            out,
        )  # fmt: skip
        return
    for record in history:
        moved = (
            f"production {record.from_version or 'none'} → {record.to_version or 'none'}"
            if record.from_version != record.to_version
            else f"production stays {record.to_version or 'none'}"
        )
        said = (
            f"{record.at:%Y-%m-%d %H:%M}  version {record.version} {record.action.replace('_', ' ')}, {moved}, by {record.who}"
        )
        out.print(Text(said, style="bold"))
        out.print(Padding(Text(" ".join(record.reasons)), (0, 0, 0, 4)))


def _tabs(rows: Iterable[Sequence[str]], out: Console) -> None:
    for row in rows:
        cells = (" ".join(cell.split()) for cell in row)
        out.file.write("\t".join(cells) + "\n")  # the console would turn tabs into blanks


@command
def rollback(
    to: Annotated[int, typer.Option(help="Version to put back into production.")],
    reason: Annotated[str, typer.Option(help="Why, for the record.")],
) -> None:
    """Put an earlier model version back into production, on record."""
    record = open_registry().rollback(to, reason=reason, who=user_name())
    console.print(f"version {record.to_version} is in production again (was {record.from_version}); recorded")
