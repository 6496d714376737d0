"""Commands about registered models: list them, their history, roll back."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from bank_marketing.cli.shared import command, console, open_registry, user_name


@command
def models() -> None:
    """List the registered model versions and their stages."""
    table = Table("version", "stage", "as of", "learned through", "threshold", "registered", "model digest")
    for version in open_registry().versions():
        tags = version.tags
        table.add_row(
            str(version.version),
            version.stage,
            tags.get("as_of", ""),
            tags.get("trained_through", ""),
            tags.get("threshold", ""),
            f"{version.created_at:%Y-%m-%d %H:%M}",
            version.digest[:12],
        )
    console.print(table)


@command
def history() -> None:
    """Show who promoted, rejected or rolled back which model, when and why."""
    from bank_marketing.artifacts import open_store
    from bank_marketing.registry import records
    from bank_marketing.settings import Settings

    table = Table("when", "who", "what", "version", "production", "why")
    for record in records.history(open_store(Settings())):
        moved = f"{record.from_version or 'none'} → {record.to_version or 'none'}"
        why = " ".join(record.reasons)
        table.add_row(f"{record.at:%Y-%m-%d %H:%M}", record.who, record.action, str(record.version), moved, why)
    console.print(table)


@command
def rollback(
    to: Annotated[int, typer.Option(help="Version to put back into production.")],
    reason: Annotated[str, typer.Option(help="Why, for the record.")],
) -> None:
    """Put an earlier model version back into production, on record."""
    record = open_registry().rollback(to, reason=reason, who=user_name())
    console.print(f"version {record.to_version} is in production again (was {record.from_version}); recorded")
