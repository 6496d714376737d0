"""Commands about what is kept: prune, and the holds of open audits."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from bank_marketing.cli.shared import command, console, user_name


@command
def prune(
    remove: Annotated[bool, typer.Option("--remove", help="Remove it. Without this, only say what would go.")] = False,
    every: Annotated[bool, typer.Option("--all", help="List each thing, not only the sums.")] = False,
) -> None:
    """Remove what is older than its retention (BANK_RETENTION_*) and needed by nothing. A dry run unless --remove is given."""
    from bank_marketing.retention.prune import carry_out, plan
    from bank_marketing.serving.settings import ApiSettings
    from bank_marketing.settings import Settings

    settings = Settings()
    with console.status("looking at what is needed"):
        made = plan(settings, sent_lists_hours=ApiSettings().file_retention_hours)
    table = Table("what goes", "how many", "MB", "oldest")
    for what in dict.fromkeys(item.what for item in made.items):
        of_kind = [item for item in made.items if item.what == what]
        table.add_row(
            what, str(len(of_kind)), f"{sum(item.size for item in of_kind) / 1e6:,.1f}", f"{of_kind[0].made:%Y-%m-%d}"
        )
    console.print(table if made.items else "Nothing is old enough to go.")
    for item in made.items if every else ():
        console.print(f"  {item.made:%Y-%m-%d} {item.what:<12} {item.uri}", highlight=False, soft_wrap=True)
    for why, runs in sorted(made.kept.items()):
        console.print(f"kept: {runs} run(s), {why}", highlight=False)
    if not remove:
        console.print("Dry run: nothing was removed. Remove it with --remove.")
        return
    carry_out(made, settings)
    console.print(f"Removed {len(made.items)} things, {made.size / 1e6:,.1f} MB.", highlight=False)


@command
def hold(
    name: Annotated[str, typer.Argument(help="The audit's own number or name.")],
    targets: Annotated[list[str], typer.Argument(help="URIs of runs or artifacts, or ids of predictions.")],
    reason: Annotated[str, typer.Option(help="Why, for the record.")],
) -> None:
    """Keep what an audit needs, with all that it came from, until `release`."""
    from bank_marketing.retention import holds

    made = holds.place(_store(), name, tuple(targets), reason=reason, who=user_name())
    console.print(f"held: {len(made.targets)} target(s) under {made.name}; recorded", highlight=False)


@command
def release(name: Annotated[str, typer.Argument(help="The hold's name.")]) -> None:
    """End a hold. Its record stays."""
    from bank_marketing.retention import holds

    holds.release(_store(), name, who=user_name())
    console.print(f"released: {name}; recorded", highlight=False)


@command
def holds() -> None:
    """List the holds, open and released."""
    from bank_marketing.retention import holds as kept

    table = Table("name", "state", "since", "who", "targets", "why")
    for entry in kept.holds(_store()):
        state = "open" if entry.open else f"released {entry.released_at:%Y-%m-%d} by {entry.released_by}"
        table.add_row(entry.name, state, f"{entry.at:%Y-%m-%d}", entry.who, "\n".join(entry.targets), entry.reason)
    console.print(table)


def _store() -> Any:
    from bank_marketing.artifacts import open_store
    from bank_marketing.settings import Settings

    return open_store(Settings())
