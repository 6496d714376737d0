"""The auditor's command."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.tree import Tree

from bank_marketing.cli.shared import command, console, open_registry

if TYPE_CHECKING:
    from bank_marketing.lineage.links import Link
    from bank_marketing.lineage.trace import Trace

#: How a state is marked.
MARKS = {
    "intact": "[green]✓[/]",
    "recorded": "[yellow]•[/]",
    "altered": "[bold red]✗ altered[/]",
    "missing": "[bold red]✗ missing[/]",
}


@command
def trace(
    wanted: Annotated[str, typer.Argument(metavar="ID", help="Id of a prediction, or of a contact: its latest prediction.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole chain as JSON.")] = False,
) -> None:
    """Say where a prediction came from: model, runs, data, files; each digest checked anew. Exit code 1 when a link is broken."""
    from bank_marketing.lineage.contacts import find_prediction
    from bank_marketing.lineage.trace import trace as trace_prediction

    registry = open_registry()
    with console.status("checking every link"):
        prediction_id, others = find_prediction(registry.store, wanted)
        found = trace_prediction(registry.store, registry, prediction_id)
    if as_json:
        sys.stdout.write(found.model_dump_json(indent=1) + "\n")
    else:
        _show(found, others)
    if not found.intact:
        raise typer.Exit(1)


def _show(found: Trace, others: list[str]) -> None:
    made = found.prediction
    decision = "call" if made.decision else "do not call"
    tree = Tree(
        f"[bold]{escape(made.prediction_id)}[/]: probability {made.probability:.4f}, threshold {made.threshold:.3f}, {decision}\n"
        f"contact {escape(made.contact_id or 'without an id')}, call on {made.day}, made {made.at:%Y-%m-%d %H:%M} UTC by "
        f"{escape(made.who)}"
    )
    for link in found.links:
        _branch(tree, link)
    console.print(tree, highlight=False, soft_wrap=True)
    if others:
        console.print(f"Earlier predictions of this contact: {', '.join(others)}", soft_wrap=True)
    broken = [link.name for link in found.links if link.broken]
    told = f"[bold red]Broken: {', '.join(broken)}.[/]" if broken else "[green]Every link is as it was.[/]"
    console.print(told, highlight=False)


def _branch(tree: Tree, link: Link) -> None:
    digest = f"  [dim]{link.digest[:12]}[/]" if link.digest else ""
    branch = tree.add(f"{MARKS[link.state]} [bold]{link.name}[/]{digest}  {escape(link.uri)}")
    if link.problem:
        branch.add(f"[red]{escape(link.problem)}[/]")
    for name, value in link.facts.items():
        if value not in (None, "", [], {}):
            branch.add(f"[dim]{name.replace('_', ' ')}[/] {escape(_words(value))}")


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_words(item)}" for name, item in value.items() if item not in (None, {}, ""))
    if isinstance(value, (list, tuple)):
        return "; ".join(map(_words, value))
    return str(value)
